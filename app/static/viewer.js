/** Shows a world in 3D. */
export function mountViewer({ element, props, watch }) {
  const drawn = element.querySelector('[data-say=drawn]');
  const show = () => { drawn.textContent = props.value ? `${props.value.cameras.length} cameras` : ''; };
  watch('value', show);
  show();
}
