/* Private to daemon/: tells the service manager how we are (sd_notify(3), its datagram protocol, so that no library of systemd's is
 * needed), and notices a worker that hangs. A thread of its own: the control thread may be busy with a reload for longer than
 * a watchdog waits. */
#ifndef PF_DAEMON_SUPERVISOR_H
#define PF_DAEMON_SUPERVISOR_H

#include "net/worker.h"

#define SUPERVISOR_HUNG_MS \
	5000 /* a loop that has not come round for so long hangs; or half of the watchdog's time */

struct supervisor;

/* Starts the thread. From then on the log says which worker hangs, and with WATCHDOG_USEC in the environment the service manager
 * hears from us as long as none does; it ends a daemon that falls silent and starts a new one. The workers stay the caller's and
 * outlive it. NULL without memory or thread. */
struct supervisor *supervisor_start(struct worker *const *workers, size_t count);
void supervisor_stop(struct supervisor **supervisor);

/* How many workers hang at this moment. Any thread. */
unsigned supervisor_hung(const struct supervisor *supervisor);

/* "READY=1", "STOPPING=1" …; does nothing when no service manager listens (NOTIFY_SOCKET). */
void supervisor_say(const char *state);

#endif
