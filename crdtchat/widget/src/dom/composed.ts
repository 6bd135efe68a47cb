/** What is selected or pointed at, for an element that may be in shadow trees: the document shows only their hosts. */

/** The shadow trees that a node is in, from the inside out. */
export function shadowsOf(node: Node): ShadowRoot[] {
  const tree = node.getRootNode();
  return tree instanceof ShadowRoot ? [tree, ...shadowsOf(tree.host)] : [];
}

/** What is selected, as a range in the tree of the element; null if that has no part in it. */
export function selectedFor(root: Element): Range | null {
  const selection = document.getSelection();
  if (!selection) return null;
  const shadowRoots = shadowsOf(root);
  // What is not in a shadow tree needs none of it, nor has every browser it.
  if (shadowRoots.length === 0 || !selection.getComposedRanges)
    return selection.rangeCount > 0 ? selection.getRangeAt(0) : null;
  const [selected] = selection.getComposedRanges({ shadowRoots });
  return selected ? inTree(selected, root) : null;
}

/** A range has both its ends in one tree: those that are outside go to the edges of the element. */
function inTree(selected: StaticRange, root: Element): Range | null {
  const { startContainer, startOffset, endContainer, endOffset } = selected;
  const tree = root.getRootNode();
  const [startsIn, endsIn] = [startContainer, endContainer].map((node) => node.getRootNode() === tree);
  const isAround = side(startContainer, startOffset, root) < 0 && side(endContainer, endOffset, root) > 0;
  if (!startsIn && !endsIn && !isAround) return null;
  const range = document.createRange();
  range.selectNodeContents(root);
  if (endsIn) range.setEnd(endContainer, endOffset);
  if (startsIn) range.setStart(startContainer, startOffset);
  return range;
}

/** Whether a position is before (-1), in (0) or behind (1) what in its own tree is the element, or around it. */
function side(node: Node, offset: number, root: Element): number {
  const hosts = shadowsOf(root).map(({ host }) => host);
  const here = hosts.find((host) => host.getRootNode() === node.getRootNode());
  if (!here) return 0;
  const around = document.createRange();
  around.selectNode(here);
  return around.comparePoint(node, offset);
}
