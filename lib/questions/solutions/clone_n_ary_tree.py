class Solution:
    def clone_tree(self, root):
        return NaryNode(root.val, [self.clone_tree(child) for child in root.children]) if root else None
