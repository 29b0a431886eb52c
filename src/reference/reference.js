customElements.define("pixelmill-reference", class extends HTMLElement {});
