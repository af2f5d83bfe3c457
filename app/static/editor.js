/** The path editor. */
export function mountEditor({ element, props, watch }) {
  const show = () => { element.querySelector('.vl-editor').textContent = props.value?.message ?? ''; };
  watch('value', show);
  show();
}
