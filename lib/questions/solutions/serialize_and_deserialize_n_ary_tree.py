class Codec:
    def encode(self, root):
        def text(node):
            return f"{node.val}[{','.join(map(text, node.children))}]"

        return text(root) if root else ""

    def decode(self, data):
        root, path, number = None, [], ""
        for character in data:
            if character == "[":
                node = Node(int(number), [])
                number = ""
                if path:
                    path[-1].children.append(node)
                root = root or node
                path.append(node)
            elif character == "]":
                path.pop()
            elif character != ",":
                number += character
        return root
