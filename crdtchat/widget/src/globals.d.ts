declare const __CRDTCHAT_VERSION__: string;
/** Whether the widget may be in a host that draws mathematics and code; what is for those only is left out elsewhere. */
declare const __CRDTCHAT_HOSTED__: boolean;
declare module "*.css" {
  const text: string;
  export default text;
}
