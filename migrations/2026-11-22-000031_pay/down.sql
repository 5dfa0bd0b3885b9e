drop table pay_components, compensations, pay_groups;
drop function keep_pay_group, keep_compensation, keep_pay_component, keep_named_component;
delete from managed_tables where name in ('pay_components', 'compensations', 'pay_groups');
