export function BrandMark({ size = 34 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="#4263eb" />
      <path d="M9 8v16M23 8v16M9 16h14" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" />
      <circle cx="16" cy="16" r="3.6" fill="#4263eb" stroke="#fff" strokeWidth="2.4" />
    </svg>
  );
}
