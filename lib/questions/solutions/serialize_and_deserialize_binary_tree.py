class Codec:
    def serialize(self, root):
        values = []

        def visit(node):
            values.append("#" if node is None else str(node.val))
            if node:
                visit(node.left)
                visit(node.right)

        visit(root)
        return ",".join(values)

    def deserialize(self, data):
        values = iter(data.split(","))

        def build():
            value = next(values)
            return None if value == "#" else TreeNode(int(value), build(), build())

        return build()
