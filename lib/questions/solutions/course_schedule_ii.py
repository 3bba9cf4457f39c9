class Solution:
    def find_order(self, num_courses, prerequisites):
        needed = [0] * num_courses
        opens = [[] for _ in range(num_courses)]
        for course, before in prerequisites:
            needed[course] += 1
            opens[before].append(course)
        order = [course for course in range(num_courses) if needed[course] == 0]
        for done in order:
            for course in opens[done]:
                needed[course] -= 1
                if needed[course] == 0:
                    order.append(course)
        return order if len(order) == num_courses else []
