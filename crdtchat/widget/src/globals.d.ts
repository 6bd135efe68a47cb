declare const __CRDTCHAT_VERSION__: string;
declare module "*.css" {
  const text: string;
  export default text;
}
