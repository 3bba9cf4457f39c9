class Solution:
    def tree_to_doubly_list(self, root):
        nodes = []

        def visit(node):
            if node:
                visit(node.left)
                nodes.append(node)
                visit(node.right)

        visit(root)
        for i, node in enumerate(nodes):
            node.left, node.right = nodes[i - 1], nodes[(i + 1) % len(nodes)]
        return nodes[0] if nodes else None
