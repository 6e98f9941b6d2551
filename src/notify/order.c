/* The datagrams of order.h. */
#include "notify/order.h"

#include <string.h>
#include <sys/socket.h>

static char path_of_system[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static bool put(char *bytes, size_t *length, const void *part, size_t part_length)
{
	if (part_length > ORDER_BYTES_MAX - *length)
		return false;
	memcpy(bytes + *length, part, part_length);
	*length += part_length;
	return true;
}

bool order_send(const struct helper *helper, uint64_t number, const struct run_order *order)
{
	char bytes[ORDER_BYTES_MAX];
	struct order_head head = {.verb = ORDER_RUN,
	                          .number = number,
	                          .input_length = (uint32_t)order->input_length};
	size_t length = sizeof head;
	bool fits = true;
	for (char **argument = order->arguments; *argument; argument++, head.argument_count++)
		fits = fits && put(bytes, &length, *argument, strlen(*argument) + 1);
	for (char *const *pair = order->environment + 1; *pair; pair++, head.environment_count++)
		fits = fits && put(bytes, &length, *pair, strlen(*pair) + 1);
	fits = fits && put(bytes, &length, order->input, order->input_length);
	memcpy(bytes, &head, sizeof head);
	return fits && send(helper->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

bool order_abort(const struct helper *helper, uint64_t number)
{
	const struct order_head head = {.verb = ORDER_ABORT, .number = number};
	return send(helper->fd, &head, sizeof head, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof head;
}

/* The next text; NULL: there is none that ends. */
static char *take(char **at, const char *end)
{
	char *text = *at, *nul = memchr(text, '\0', (size_t)(end - text));
	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

int order_read(char *bytes, size_t length, struct order_read *out)
{
	struct order_head head;
	memset(out, 0, sizeof *out);
	if (length < sizeof head)
		return PF_EINVAL;
	memcpy(&head, bytes, sizeof head);
	if (!head.argument_count || head.argument_count >= ORDER_PARTS_MAX ||
	    head.environment_count >= RUN_ENVIRONMENT_MAX)
		return PF_EINVAL;
	char *at = bytes + sizeof head, *end = bytes + length;
	for (uint32_t i = 0; i < head.argument_count; i++)
		if (!(out->arguments[i] = take(&at, end)))
			return PF_EINVAL;
	out->run.environment[0] = path_of_system;
	for (uint32_t i = 0; i < head.environment_count; i++)
		if (!(out->run.environment[i + 1] = take(&at, end)))
			return PF_EINVAL;
	if ((size_t)(end - at) != head.input_length)
		return PF_EINVAL;
	out->run.arguments = out->arguments;
	out->run.input = at;
	out->run.input_length = head.input_length;
	return PF_OK;
}
