/* Private to notify/: what the daemon and its helper say to each other, each in one datagram. */
#ifndef PF_NOTIFY_ORDER_H
#define PF_NOTIFY_ORDER_H

#include "config/config.h"
#include "notify/helper.h"
#include "notify/run.h"

#define ORDER_BYTES_MAX 65536 /* the longest command, its environment and its input */
#define ORDER_PARTS_MAX 96    /* 64 arguments, and the rest */
#define ORDER_ERROR_MAX 192

enum order_verb { ORDER_RUN, ORDER_ABORT, ORDER_RELOAD, ORDER_RENEW };

/* In front of each datagram to the helper: ORDER_RUN is followed by the arguments, the environment (without PATH) and the input, ORDER_RENEW
 * by the path of the program, each text with its NUL. */
struct order_head {
	uint32_t verb;
	uint32_t argument_count, environment_count, input_length;
	uint64_t number;
};

/* And back. */
struct order_result {
	uint64_t number;
	char error[ORDER_ERROR_MAX]; /* "": it ended well */
};

struct helper {
	int fd;
	int pid;
};

/* Sends an order to run. False: it is too long, or the helper does not take it. */
bool order_send(const struct helper *helper, uint64_t number, const struct run_order *order);
bool order_abort(const struct helper *helper, uint64_t number);

/* Reads one, in place: `order` points into `bytes`; `arguments` is what it points to. PF_EINVAL. */
struct order_read {
	struct run_order run;
	char *arguments[ORDER_PARTS_MAX];
};
PF_MUST_CHECK int order_read(char *bytes, size_t length, struct order_read *out);

/* order_process.c: the process itself, from here to its end. */
_Noreturn void order_process(int fd, const char *config_path, const struct config *config);

#endif
