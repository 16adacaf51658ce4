// The page of the API: Scalar, which is beside this file, shows the document that the Worker serves. Nothing is loaded
// from elsewhere, and nothing is sent elsewhere.
Scalar.createApiReference('#app', {
  url: '/api/openapi.json',
  servers: [{ url: location.origin }],
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  documentDownloadType: 'json',
  // It leads to Scalar's own site.
  hideClientButton: true,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  // Its greys are paler than what everybody can read.
  customCss: `
    .light-mode { --scalar-color-2: #4a4a4a; --scalar-color-3: #595959; --scalar-color-blue: #0060a0;
      --scalar-color-green: #006b43; --scalar-color-orange: #9c4600; --scalar-color-red: #b00020 }
    .dark-mode { --scalar-color-2: #c4c4c4; --scalar-color-3: #b0b0b0 }`,
})

// Its buttons that copy have an icon and no name.
const nameButtons = () => {
  for (const button of document.querySelectorAll('button[class*="copy"]:not([aria-label])'))
    button.setAttribute('aria-label', 'Copy')
}
new MutationObserver(nameButtons).observe(document.body, { childList: true, subtree: true })
