// React: <Pixelmill base="https://images.example/pixelmill/" workflow="product-cutout" onDone={(results) => …} />

import { useEffect, useRef } from "react";
import "pixelmill/element";

export function Pixelmill({ workflow, onDone, ...attributes }) {
  const element = useRef(null);
  useEffect(() => void (element.current.workflow = workflow), [workflow]);
  useEffect(() => {
    const { current } = element;
    const done = async () => onDone(await current.results());
    current.addEventListener("pixelmill-batchcompleted", done);
    return () => current.removeEventListener("pixelmill-batchcompleted", done);
  }, [onDone]);
  return <pixel-mill ref={element} {...attributes} />;
}
