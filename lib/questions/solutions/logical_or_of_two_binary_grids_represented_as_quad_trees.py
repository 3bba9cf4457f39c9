class Solution:
    def intersect(self, quad_tree1, quad_tree2):
        for one, other in ((quad_tree1, quad_tree2), (quad_tree2, quad_tree1)):
            if one.isLeaf:
                return one if one.val else other
        corners = ("topLeft", "topRight", "bottomLeft", "bottomRight")
        joined = [self.intersect(getattr(quad_tree1, c), getattr(quad_tree2, c)) for c in corners]
        if all(corner.isLeaf for corner in joined) and len({corner.val for corner in joined}) == 1:
            return joined[0]
        return Node(False, False, *joined)
