/** The tree that is drawn: through the shadow trees that elements stand or were put in. */

export function above(node: Node): Node | null {
  if (node instanceof ShadowRoot) return node.host;
  return (node instanceof Element && node.assignedSlot) || node.parentNode;
}
