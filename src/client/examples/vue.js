// Vue: <Pixelmill base="https://images.example/pixelmill/" workflow="product-cutout" @done="(results) => …" />

import { defineComponent, h } from "vue";
import "pixelmill/element";

export const Pixelmill = defineComponent({
  props: ["workflow"],
  emits: ["done"],
  setup(props, { emit }) {
    const done = async ({ target }) => emit("done", await target.results());
    return () => h("pixel-mill", { ...props, "onPixelmill-batchcompleted": done });
  },
});
