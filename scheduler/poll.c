typedef int scheduler_poll;
