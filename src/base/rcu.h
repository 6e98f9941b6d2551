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

#endif
