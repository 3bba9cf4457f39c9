class Solution:
    def delete_node(self, root, key):
        if root is None:
            return None
        if key < root.val:
            root.left = self.delete_node(root.left, key)
        elif key > root.val:
            root.right = self.delete_node(root.right, key)
        elif root.left is None or root.right is None:
            return root.left or root.right
        else:
            after = root.right
            while after.left:
                after = after.left
            root.val = after.val
            root.right = self.delete_node(root.right, after.val)
        return root
