/* argv → daemon. */
int main(void)
{
	return 0;
}
