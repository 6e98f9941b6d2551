/* Read-copy-update as this project uses it: liburcu's membarrier flavour.
 *
 * Not QSBR: libuv runs its I/O callbacks inside the poll phase and offers no hook between
 * epoll_wait and the first callback, so a thread could not declare itself online in time
 * without doing so in each callback. The membarrier flavour's read_lock is two plain
 * stores, and whoever forgets to lock finds out in review, not in a use after free.
 *
 * Every thread that reads calls rcu_register_thread() first. Pointers are published with
 * rcu_assign_pointer/rcu_xchg_pointer, read with rcu_dereference between rcu_read_lock and
 * rcu_read_unlock, and freed with call_rcu or after synchronize_rcu. */
#ifndef PF_BASE_RCU_H
#define PF_BASE_RCU_H

#define URCU_INLINE_SMALL_FUNCTIONS
#define URCU_API_MAP
#include <urcu/urcu-memb.h>

#ifdef __SANITIZE_THREAD__

/* ThreadSanitizer sees no membarrier, and nothing of what liburcu, which is not built for it, does. So it is told what each of these
 * functions promises: who reads a pointer sees what was written before it was published; whoever frees comes after all
 * readers. In such builds only; what is wrong with a lock or a pointer is found as before. */
void __tsan_acquire(void *at);
void __tsan_release(void *at);
extern char rcu_grace; /* readers release it, whoever has waited for them acquires it */

static inline void rcu_tsan_read_unlock(void)
{
	__tsan_release(&rcu_grace);
	rcu_read_unlock();
}
static inline void rcu_tsan_synchronize(void)
{
	synchronize_rcu();
	__tsan_acquire(&rcu_grace);
}
static inline void rcu_tsan_barrier(void)
{
	rcu_barrier();
	__tsan_acquire(&rcu_grace);
}
static inline void rcu_plain_call(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	call_rcu(head, function);
}
void rcu_tsan_call(struct rcu_head *head, void (*function)(struct rcu_head *head));

#undef rcu_read_unlock
#undef synchronize_rcu
#undef rcu_barrier
#undef call_rcu
#undef rcu_dereference
#undef rcu_assign_pointer
#undef rcu_xchg_pointer
#define rcu_read_unlock rcu_tsan_read_unlock
#define synchronize_rcu rcu_tsan_synchronize
#define rcu_barrier rcu_tsan_barrier
#define call_rcu rcu_tsan_call
#define rcu_dereference(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#define rcu_assign_pointer(pointer, value) __atomic_store_n(&(pointer), value, __ATOMIC_RELEASE)
#define rcu_xchg_pointer(place, value) __atomic_exchange_n(place, value, __ATOMIC_ACQ_REL)

#endif

#endif
