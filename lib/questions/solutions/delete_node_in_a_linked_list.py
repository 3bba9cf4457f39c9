class Solution:
    def delete_node(self, node):
        node.val, node.next = node.next.val, node.next.next
