class Solution:
    def construct_from_pre_post(self, preorder, postorder):
        if not preorder:
            return None
        root = TreeNode(preorder[0])
        if len(preorder) > 1:
            size = postorder.index(preorder[1]) + 1
            root.left = self.construct_from_pre_post(preorder[1 : size + 1], postorder[:size])
            root.right = self.construct_from_pre_post(preorder[size + 1 :], postorder[size:-1])
        return root
