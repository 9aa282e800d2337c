typedef int scheduler_poll_fetch;
