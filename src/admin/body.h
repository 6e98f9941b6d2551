/* Private to admin/: the body of a request that changes something: a JSON object, whose members are its parameters. */
#ifndef PF_ADMIN_BODY_H
#define PF_ADMIN_BODY_H

#include <jansson.h>

#include "admin/admin.h"
#include "base/buffer.h"
#include "report/params.h"

#define BODY_NUMBER_MAX 24 /* a 64-bit number as text */

struct body {
	struct buffer bytes;
	json_t *json;
	char numbers[PARAM_MAX][BODY_NUMBER_MAX]; /* members that are no text, as text */
};

void body_append(struct body *body, const char *bytes, size_t length);
void body_deinit(struct body *body);

/* Adds the members to `params`, which borrows them: texts, whole numbers, true ("1"), lists of texts divided by commas ("a,b");
 * false and null are not there. No body at all has no members. PF_EINVAL with a sentence. */
PF_MUST_CHECK int body_params(struct body *body, struct params *params, char error[500]);

#endif
