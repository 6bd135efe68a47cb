/** A discussion, in the colours of the theme. */
import { LabIcon } from "@jupyterlab/ui-components";

export const discussionIcon = new LabIcon({
  name: "crdtchat:discussion",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
    <g class="jp-icon3" fill="#616161">
      <path d="M4 4h16a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-9.6L6 21.4V17H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm1 2v9h3v2l2-2h9V6Z"/>
      <path d="M7 8h10v1.6H7zm0 3.4h6V13H7z"/>
    </g>
  </svg>`,
});
