import { Alert, Button, Modal, Notification, NumberInput, Paper, Table, TextInput, createTheme } from '@mantine/core';

/**
 * Only what CSS can't say: colours are variables in theme.css, because the provider would need an inline style for
 * them, which the coordinator's content security policy refuses. The scroll lock of dialogs needs one as well.
 */
export const theme = createTheme({
  primaryColor: 'indigo',
  defaultRadius: 'md',
  respectReducedMotion: true,
  components: {
    // Most are remarks; only what went wrong is announced at once (ErrorNotice says role="alert").
    Alert: Alert.extend({ defaultProps: { role: 'note' } }),
    Modal: Modal.extend({
      defaultProps: { lockScroll: false, centered: true, transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.45 } },
    }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close this message' } } }),
    Paper: Paper.extend({ defaultProps: { radius: 'lg' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md' } }),
    Button: Button.extend({ defaultProps: { loaderProps: { size: 16 } } }),
    TextInput: TextInput.extend({ defaultProps: { autoComplete: 'off' } }),
    NumberInput: NumberInput.extend({ defaultProps: { clampBehavior: 'strict' } }),
  },
});
