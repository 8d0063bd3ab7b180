// How pictures come to the page: a file dialog, the clipboard, or dropped on it.

/** Let a button open a file dialog; use is called with the files. */
export function connect(button, input, use) {
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = ''; // so that the same file can be chosen again
    if (files.length) use(files);
  });
}

/** Take files that are pasted, or dropped anywhere. */
export function receive(use) {
  const take = (event, data) => {
    if (!data?.files.length) return;
    event.preventDefault();
    use([...data.files]);
  };
  document.addEventListener('paste', (event) => take(event, event.clipboardData));
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(kind, (event) => {
      if (kind !== 'dragleave') event.preventDefault(); // else the browser opens the file in place of this page
      document.body.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop') take(event, event.dataTransfer);
    });
  }
}
