class Solution:
    def get_intersection_node(self, head_a, head_b):
        seen, node = set(), head_a
        while node:
            seen.add(id(node))
            node = node.next
        node = head_b
        while node and id(node) not in seen:
            node = node.next
        return node
