/** The words that something is about, or that it is about a cell or an output as a whole. */
import { isWhole } from "../app/canvas";
import type { Target } from "../model/schema";
import { useWidget } from "./context";

export function Quoted({ target }: { target: Target }) {
  const { speech } = useWidget();
  if (!isWhole(target)) return <>{target.exact}</>;
  const what = speech.text(target.part.includes("output=") ? "wholeOutput" : "wholeCell");
  return (
    <>
      <b class="whole">{what}</b> {target.exact}
    </>
  );
}
