/* libunbound's sockets and timers on a uv loop: the table of functions that its header <unbound-event.h> asks for.
 * One thread; whoever frees the base has deleted the context before. */
#ifndef PF_RECURSOR_EVENTS_H
#define PF_RECURSOR_EVENTS_H

struct ub_event_base;
struct uv_loop_s;

/* NULL without memory. The loop outlives it. */
struct ub_event_base *events_new(struct uv_loop_s *loop);
void events_free(struct ub_event_base **base);

#endif
