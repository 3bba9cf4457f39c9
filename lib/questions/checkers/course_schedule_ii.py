"""Any order of the courses in which none comes before what it needs."""


def check(result, num_courses, prerequisites, expected):
    if not expected:
        assert result == []
        return
    assert sorted(result) == list(range(num_courses))
    place = {course: i for i, course in enumerate(result)}
    assert all(place[needed] < place[course] for course, needed in prerequisites)
