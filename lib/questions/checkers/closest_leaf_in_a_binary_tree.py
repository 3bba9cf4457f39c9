"""Any of the nearest leaves."""


def check(result, root_list, k, expected):
    neighbours, leaves = {}, set()

    def visit(node, parent):
        neighbours.setdefault(node.val, [])
        if parent is not None:
            neighbours[node.val].append(parent.val)
            neighbours[parent.val].append(node.val)
        if node.left is None and node.right is None:
            leaves.add(node.val)
        for child in (node.left, node.right):
            if child is not None:
                visit(child, node)

    visit(TreeNode.from_list(root_list), None)
    reached, frontier = {k}, {k}
    while not frontier & leaves:
        frontier = {near for node in frontier for near in neighbours[node]} - reached
        reached |= frontier
    assert result in frontier & leaves
