/* Runs commands for a daemon that may not: a small process of its own, started before the sandbox closes, that stays outside of it. It
 * runs no command but those that the configuration names, which it reads for itself: a daemon that was taken over can
 * have them run with other words about an event, and nothing else. It ends when the daemon does. */
#ifndef PF_NOTIFY_HELPER_H
#define PF_NOTIFY_HELPER_H

#include "config/config.h"

struct helper;

/* Does the configuration name a command? Without one no helper is needed. */
bool helper_is_wanted(const struct config *config);

/* Starts the process; the only thread calls it. PF_ENOMEM, PF_EIO. */
PF_MUST_CHECK int helper_start(const struct config *config, struct helper **out);

/* The helper of the program before this one, which has replaced itself; NULL: there is none. */
struct helper *helper_receive(void);
/* Hands it to the next program; it becomes `program` too. */
void helper_send(struct helper *helper, const char *program);

/* The configuration has changed: it reads it again. */
void helper_reload(struct helper *helper);

/* Ends it and waits for its end. */
void helper_free(struct helper **helper);

/* Is this process to be one (it was started by helper_send)? Then it is, until the daemon ends: returns true and the process's
 * exit code. */
bool helper_main(const char *config_path, int *exit_code);

#endif
