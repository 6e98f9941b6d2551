/* Events of libunbound, see events.h. One of them is a descriptor that is waited for, a time, or both. libuv's handles
 * live until their close callback, so each is a small thing of its own that outlives the event when need be. */
#include "recursor/events.h"

#include <stdlib.h>
#include <sys/time.h>
#include <unbound-event.h>
#include <uv.h>

struct event_base {
	struct ub_event_base base; /* first: libunbound knows this much */
	uv_loop_t *loop;
};

struct event {
	struct ub_event base; /* first */
	struct event_base *owner;
	int fd;
	short bits;
	void (*call)(int fd, short bits, void *data);
	void *data;
	uv_poll_t *poll; /* NULL: not waited for */
	uv_timer_t *timer;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static int event_del(struct ub_event *base)
{
	struct event *event = (struct event *)base;
	if (event->poll)
		uv_close((uv_handle_t *)event->poll, on_closed);
	if (event->timer)
		uv_close((uv_handle_t *)event->timer, on_closed);
	event->poll = NULL;
	event->timer = NULL;
	return 0;
}

/* What is called may add, delete or free the event. */
static void fire(struct event *event, short bits)
{
	if (!(event->bits & UB_EV_PERSIST))
		event_del(&event->base);
	event->call(event->fd, bits, event->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct event *event = poll->data;
	short bits = 0;
	if (status < 0) /* whoever reads will be told what it is */
		bits = (short)(event->bits & (UB_EV_READ | UB_EV_WRITE));
	if (events & UV_READABLE)
		bits |= UB_EV_READ;
	if (events & UV_WRITABLE)
		bits |= UB_EV_WRITE;
	/* libevent begins a persistent event's time anew each time it comes to pass */
	if (event->timer)
		uv_timer_again(event->timer);
	fire(event, bits);
}

static void on_timer(uv_timer_t *timer)
{
	fire(timer->data, UB_EV_TIMEOUT);
}

static uint64_t to_ms(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000 + ((uint64_t)time->tv_usec + 999) / 1000;
}

static int begin_timer(struct event *event, const struct timeval *time)
{
	event->timer = malloc(sizeof *event->timer);
	if (!event->timer)
		return -1;
	uv_timer_init(event->owner->loop, event->timer);
	event->timer->data = event;
	uint64_t ms = to_ms(time);
	return uv_timer_start(event->timer, on_timer, ms, ms);
}

static int begin_poll(struct event *event)
{
	int events = 0;
	if (event->bits & UB_EV_READ)
		events |= UV_READABLE;
	if (event->bits & UB_EV_WRITE)
		events |= UV_WRITABLE;
	if (!events || event->fd < 0)
		return 0;
	event->poll = malloc(sizeof *event->poll);
	if (!event->poll)
		return -1;
	if (uv_poll_init(event->owner->loop, event->poll, event->fd)) {
		free(event->poll);
		event->poll = NULL;
		return -1;
	}
	event->poll->data = event;
	return uv_poll_start(event->poll, events, on_poll);
}

static int event_add(struct ub_event *base, struct timeval *time)
{
	struct event *event = (struct event *)base;
	event_del(base);
	if (!begin_poll(event) &&
	    (!time || !(event->bits & UB_EV_TIMEOUT) || !begin_timer(event, time)))
		return 0;
	event_del(base);
	return -1;
}

static void event_free(struct ub_event *base)
{
	event_del(base);
	free(base);
}

static void event_add_bits(struct ub_event *base, short bits)
{
	((struct event *)base)->bits |= bits;
}

static void event_del_bits(struct ub_event *base, short bits)
{
	((struct event *)base)->bits &= (short)~bits;
}

static void event_set_fd(struct ub_event *base, int fd)
{
	((struct event *)base)->fd = fd;
}

static int timer_add(struct ub_event *base, struct ub_event_base *owner,
                     void (*call)(int, short, void *), void *data, struct timeval *time)
{
	struct event *event = (struct event *)base;
	event_del(base);
	event->owner = (struct event_base *)owner;
	event->call = call;
	event->data = data;
	event->bits |= UB_EV_TIMEOUT;
	return begin_timer(event, time);
}

/* What libunbound has for servers and for Windows, and never calls here. */
static int no_signal(struct ub_event *base, struct timeval *time)
{
	(void)base;
	(void)time;
	return -1;
}

static int no_signal_either(struct ub_event *base)
{
	(void)base;
	return -1;
}

static struct ub_event *new_event(struct ub_event_base *owner, int fd, short bits,
                                  void (*call)(int, short, void *), void *data)
{
	static struct ub_event_vmt vmt = {.add_bits = event_add_bits,
	                                  .del_bits = event_del_bits,
	                                  .set_fd = event_set_fd,
	                                  .free = event_free,
	                                  .add = event_add,
	                                  .del = event_del,
	                                  .add_timer = timer_add,
	                                  .del_timer = event_del,
	                                  .add_signal = no_signal,
	                                  .del_signal = no_signal_either};
	struct event *event = calloc(1, sizeof *event);
	if (!event)
		return NULL;
	event->base = (struct ub_event){UB_EVENT_MAGIC, &vmt};
	event->owner = (struct event_base *)owner;
	event->fd = fd;
	event->bits = bits;
	event->call = call;
	event->data = data;
	return &event->base;
}

static int loop_exit(struct ub_event_base *base, struct timeval *time)
{
	(void)time;
	uv_stop(((struct event_base *)base)->loop);
	return 0;
}

struct ub_event_base *events_new(struct uv_loop_s *loop)
{
	static struct ub_event_base_vmt vmt = {.loopexit = loop_exit, .new_event = new_event};
	struct event_base *base = calloc(1, sizeof *base);
	if (!base)
		return NULL;
	base->base = (struct ub_event_base){UB_EVENT_MAGIC, &vmt};
	base->loop = loop;
	return &base->base;
}

void events_free(struct ub_event_base **base)
{
	free(*base);
	*base = NULL;
}
