/** Put text on the clipboard; false where the browser forbids it (a page that is neither local nor over https). */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
