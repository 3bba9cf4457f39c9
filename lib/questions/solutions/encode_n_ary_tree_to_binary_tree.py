class Codec:
    def encode(self, root):
        def siblings(nodes):
            return TreeNode(nodes[0].val, siblings(nodes[0].children), siblings(nodes[1:])) if nodes else None

        return siblings([root]) if root else None

    def decode(self, data):
        def nodes(first):
            found = []
            while first:
                found.append(Node(first.val, nodes(first.left)))
                first = first.right
            return found

        return nodes(data)[0] if data else None
