/** Plays pictures and depth of a walk. */
export function mountPlayer({ element, props, watch }) {
  const panes = element.querySelector('.vl-panes');
  const show = () => {
    const rgb = props.value?.rgb;
    panes.replaceChildren();
    if (!rgb) return;
    const pane = document.createElement(Array.isArray(rgb) ? 'img' : 'video');
    pane.src = Array.isArray(rgb) ? rgb.at(-1) : rgb;
    panes.append(pane);
  };
  watch('value', show);
  show();
}
