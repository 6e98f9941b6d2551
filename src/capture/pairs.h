/* Private to capture/: questions and their answers, brought together by addresses, ports, id and question, as a client does. A question
 * that was sent again is a question again; the oldest one gets the answer. */
#ifndef PF_CAPTURE_PAIRS_H
#define PF_CAPTURE_PAIRS_H

#include "base/error.h"
#include "capture/capture.h"
#include "dns/query.h"

#define PAIRS_WAITING_MAX 65536               /* questions without an answer yet; some 60 MB */
#define PAIRS_WAIT_US (20 * INT64_C(1000000)) /* what comes later finds no client that waits */

struct capture_pair {
	const struct capture_message *question;
	const struct dns_query *query;        /* the question, read */
	const struct capture_message *answer; /* NULL: none was seen */
};

struct pairs;

/* `take` gets each question once, with its answer or when it has waited too long. NULL without memory. */
struct pairs *pairs_new(struct capture_counts *counts,
                        void (*take)(void *data, const struct capture_pair *pair), void *data);
void pairs_free(struct pairs **pairs);
/* For struct capture_sink; `data` is the pairs. */
void pairs_take(void *data, const struct capture_message *message, bool is_answer);
/* The capture ends: who waits is unanswered. */
void pairs_end(struct pairs *pairs);

#endif
