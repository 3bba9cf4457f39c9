class Solution:
    def insert_into_bst(self, root, val):
        if root is None:
            return TreeNode(val)
        if val < root.val:
            root.left = self.insert_into_bst(root.left, val)
        else:
            root.right = self.insert_into_bst(root.right, val)
        return root
