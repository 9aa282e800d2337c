typedef int scheduler_account;
