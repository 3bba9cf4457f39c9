class CBTInserter:
    def __init__(self, root):
        self.nodes = [root]
        for node in self.nodes:
            self.nodes += [child for child in (node.left, node.right) if child]

    def insert(self, val):
        parent = self.nodes[(len(self.nodes) - 1) // 2]
        self.nodes.append(TreeNode(val))
        if parent.left:
            parent.right = self.nodes[-1]
        else:
            parent.left = self.nodes[-1]
        return parent.val

    def get_root(self):
        return self.nodes[0]
