class Solution:
    def find_root(self, tree):
        children = {id(child) for node in tree for child in node.children}
        return next(node for node in tree if id(node) not in children)
