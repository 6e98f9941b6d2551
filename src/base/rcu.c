/* What rcu.h tells ThreadSanitizer; nothing in any other build. */
#include "base/rcu.h"

#ifdef __SANITIZE_THREAD__

#include <stdlib.h>

char rcu_grace;

struct later {
	struct rcu_head rcu;
	struct rcu_head *head;
	void (*function)(struct rcu_head *head);
};

static void now_it_is(struct rcu_head *rcu)
{
	struct later *later = caa_container_of(rcu, struct later, rcu);
	__tsan_acquire(later);
	__tsan_acquire(&rcu_grace);
	later->function(later->head);
	__tsan_release(&rcu_grace); /* for rcu_barrier */
	free(later);
}

void rcu_tsan_call(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	struct later *later = malloc(sizeof *later);
	if (!later)
		abort();
	later->head = head;
	later->function = function;
	__tsan_release(later);
	rcu_plain_call(&later->rcu, now_it_is);
}

#endif
