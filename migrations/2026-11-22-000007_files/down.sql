drop trigger let_things_hang on managed_tables;
do $$
declare
    held text;
begin
    for held in select tgrelid::regclass::text from pg_trigger where tgname = 'let_go' loop
        execute 'drop trigger let_go on ' || held;
    end loop;
end $$;
drop policy reach on events;
drop function event_is_for_caller(text, uuid), gone_from(text, uuid);
delete from managed_tables where name in ('files', 'comments', 'file_contents', 'comment_mentions');
drop table comment_mentions, comments, files, file_contents;
drop function let_things_hang_on_resource(), let_things_hang(text), let_go_of_what_hangs(), list_mentions(), keep_thread(),
    member_may_read(uuid, text, uuid), comment_is_for_caller(text, uuid, text, uuid, uuid[]), hang(), hold_in_place(text, uuid),
    refuse_hanging(text, text, text, uuid), is_callers_own(text, uuid), carries(text, text), caller_reaches(text, text, uuid);
