class Solution:
    def insert(self, head, insert_val):
        made = Node(insert_val)
        if head is None:
            made.next = made
            return made
        node = head
        while True:
            between = node.val <= insert_val <= node.next.val
            at_end = node.val > node.next.val and (insert_val >= node.val or insert_val <= node.next.val)
            if between or at_end or node.next is head:
                made.next, node.next = node.next, made
                return head
            node = node.next
