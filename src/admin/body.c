/* A JSON object as parameters. */
#include "admin/body.h"

#include <stdio.h>
#include <string.h>

void body_append(struct body *body, const char *bytes, size_t length)
{
	if (!body->bytes.max)
		buffer_init(&body->bytes, ADMIN_BODY_BYTES_MAX);
	buffer_append(&body->bytes, bytes, length);
}

void body_deinit(struct body *body)
{
	if (body->bytes.max)
		buffer_deinit(&body->bytes);
	json_decref(body->json);
	*body = (struct body){0};
}

/* ["a", "b"] becomes "a,b", in place. */
static const char *join(json_t *member)
{
	struct buffer text;
	json_t *item;
	size_t i;
	bool good = true;
	buffer_init(&text, ADMIN_BODY_BYTES_MAX);
	json_array_foreach(member, i, item)
	{
		good = good && json_is_string(item) && !strchr(json_string_value(item), ',');
		if (good)
			buffer_print(&text, "%s%s", i ? "," : "", json_string_value(item));
	}
	json_t *joined = good && !text.failed ? json_string(text.data ? text.data : "") : NULL;
	buffer_deinit(&text);
	if (!joined)
		return NULL;
	json_array_clear(member);
	json_array_append_new(member, joined);
	return json_string_value(json_array_get(member, 0));
}

/* NULL: such a value is no parameter. */
static const char *value_text(json_t *member, char number[BODY_NUMBER_MAX])
{
	if (json_is_string(member))
		return json_string_value(member);
	if (json_is_true(member))
		return "1";
	if (json_is_array(member))
		return join(member);
	if (!json_is_integer(member))
		return NULL;
	snprintf(number, BODY_NUMBER_MAX, "%lld", (long long)json_integer_value(member));
	return number;
}

int body_params(struct body *body, struct params *params, char error[500])
{
	json_error_t wrong;
	const char *key;
	json_t *member;
	if (!body->bytes.length)
		return PF_OK;
	body->json = json_loadb(body->bytes.data, body->bytes.length, JSON_REJECT_DUPLICATES, &wrong);
	if (!json_is_object(body->json)) {
		snprintf(error, 500, "The body is no JSON object: %s.",
		         body->json ? "it is something else" : wrong.text);
		return PF_EINVAL;
	}
	json_object_foreach(body->json, key, member)
	{
		if (json_is_false(member) || json_is_null(member))
			continue;
		if (params->count == PARAM_MAX) {
			params->too_many = true;
			break;
		}
		const char *text = value_text(member, body->numbers[params->count]);
		if (!text) {
			snprintf(
				error, 500,
				"The member \"%.60s\" must be a text, a whole number, true, or a list of texts "
				"without commas.",
				key);
			return PF_EINVAL;
		}
		params->list[params->count++] = (struct param){key, text};
	}
	return PF_OK;
}
