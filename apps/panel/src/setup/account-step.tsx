import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { SetupRequest } from '#libs/contracts';
import { setupRequest } from '#libs/contracts';

type Account = SetupRequest['account'];
const rules = setupRequest.shape.account.shape;
const firstIssue = (result: { error?: { issues: { message: string }[] } | undefined }): string | null =>
  result.error?.issues[0]?.message ?? null;

export function AccountStep({ initial, onDone }: { readonly initial: Account | undefined; readonly onDone: (account: Account) => void }) {
  const form = useForm({
    initialValues: initial ?? { email: '', name: '', password: '' },
    validateInputOnBlur: true,
    validate: {
      email: (value) => (rules.email.safeParse(value).success ? null : 'This is not a mail address'),
      name: (value) => (value.trim() === '' ? 'Say who you are' : null),
      password: (value) => {
        const issue = firstIssue(rules.password.safeParse(value));
        return issue === null ? null : `The password ${issue}`;
      },
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => onDone({ ...values, name: values.name.trim() }))} noValidate>
      <Stack>
        <TextInput label="Your name" autoComplete="name" required data-autofocus {...form.getInputProps('name')} />
        <TextInput
          label="Mail address"
          description="You sign in with it."
          type="email"
          autoComplete="username"
          required
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label="Password"
          description="For signing in here; at least 10 characters. It opens no backup."
          autoComplete="new-password"
          required
          {...form.getInputProps('password')}
        />
        <Button type="submit" mt="xs">
          Go on to the team
        </Button>
      </Stack>
    </form>
  );
}
