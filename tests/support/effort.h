/* How many random cases a test tries: all of them, or a tenth where PF_TEST_SHORT is set, as contrib/check does for valgrind, under
 * which the same cases need fifty times as long and can find nothing new but bytes that were never written. */
#ifndef PF_TESTS_SUPPORT_EFFORT_H
#define PF_TESTS_SUPPORT_EFFORT_H

#include <stdlib.h>

static inline unsigned effort(unsigned cases)
{
	return getenv("PF_TEST_SHORT") ? (cases + 9) / 10 : cases;
}

#endif
