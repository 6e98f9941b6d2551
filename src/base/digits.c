/* Numbers for people, see digits.h. */
#include "base/digits.h"

#include <inttypes.h>
#include <stdio.h>

void digits_format(int64_t number, char text[DIGITS_TEXT_MAX])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRId64, number), used = 0;
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
}
