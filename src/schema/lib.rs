// @generated automatically by Diesel CLI.

diesel::table! {
    absence_days (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        day -> Date,
        leave_request_id -> Uuid,
        leave_type_id -> Uuid,
        share -> Numeric,
        paid_share -> Numeric,
    }
}

diesel::table! {
    access_grants (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        system_role_id -> Uuid,
        system_id -> Uuid,
        reason -> Text,
        ends_on -> Nullable<Date>,
        checklist_task_id -> Nullable<Uuid>,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decision_reason -> Nullable<Text>,
        granted_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    access_review_items (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        access_review_id -> Uuid,
        access_grant_id -> Uuid,
        employee_id -> Uuid,
        system_role_id -> Uuid,
        reviewer_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        decided_at -> Nullable<Timestamptz>,
        is_unanswered -> Bool,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    access_reviews (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        system_id -> Nullable<Uuid>,
        due_on -> Date,
        unanswered -> Text,
        opened_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    account_balances (org_id, grain, begins_on, account_id, currency, is_closing, department_id, cost_centre_id, project_id) {
        org_id -> Uuid,
        grain -> Text,
        begins_on -> Date,
        account_id -> Uuid,
        currency -> Text,
        is_closing -> Bool,
        department_id -> Uuid,
        cost_centre_id -> Uuid,
        project_id -> Uuid,
        debit -> Numeric,
        credit -> Numeric,
        foreign_net -> Numeric,
    }
}

diesel::table! {
    account_branches (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    accounts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        role -> Nullable<Text>,
        parent_id -> Nullable<Uuid>,
        is_group -> Bool,
        currency -> Nullable<Text>,
        requires -> Array<Nullable<Text>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        cash_flow -> Nullable<Text>,
    }
}

diesel::table! {
    affected_systems (org_id, resource_id, system_id) {
        org_id -> Uuid,
        resource -> Text,
        resource_id -> Uuid,
        system_id -> Uuid,
    }
}

diesel::table! {
    allocations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        debit_item_id -> Uuid,
        credit_item_id -> Uuid,
        debit_amount -> Numeric,
        debit_base_amount -> Numeric,
        credit_amount -> Numeric,
        credit_base_amount -> Numeric,
        allocated_on -> Date,
        journal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    api_client_secrets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        api_client_id -> Uuid,
        slot -> Int2,
        hash -> Bytea,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_clients (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        scopes -> Array<Nullable<Text>>,
        status -> Text,
        expires_at -> Nullable<Timestamptz>,
        secret_changed_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    applications (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        candidate_id -> Uuid,
        job_opening_id -> Uuid,
        stage_id -> Uuid,
        applied_on -> Date,
        stage_since_at -> Timestamptz,
        cover_letter -> Nullable<Text>,
        end_reason -> Nullable<Text>,
        ended_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    approvable_actions (resource, action) {
        resource -> Text,
        action -> Text,
    }
}

diesel::table! {
    approval_alarms (organization_id, approval_id) {
        organization_id -> Uuid,
        approval_id -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    approval_delegations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        delegate_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    approval_policies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        resource -> Text,
        action -> Text,
        conditions -> Jsonb,
        steps -> Jsonb,
        maker_may_decide -> Bool,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    approval_waits (org_id, user_id, approval_id, on_behalf_of, since) {
        org_id -> Uuid,
        user_id -> Uuid,
        approval_id -> Uuid,
        on_behalf_of -> Uuid,
        since -> Timestamptz,
        until -> Timestamptz,
    }
}

diesel::table! {
    approvals (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        resource -> Text,
        resource_id -> Uuid,
        action -> Text,
        change -> Jsonb,
        note -> Nullable<Text>,
        seen_version -> Int8,
        seen_digest -> Text,
        steps -> Jsonb,
        step -> Int4,
        decisions -> Jsonb,
        due_at -> Nullable<Timestamptz>,
        escalated -> Bool,
        status -> Text,
        outcome -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    article_editions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        article_id -> Uuid,
        edition -> Int4,
        title -> Text,
        summary -> Nullable<Text>,
        body -> Text,
        note -> Nullable<Text>,
        return_reason -> Nullable<Text>,
        published_at -> Nullable<Timestamptz>,
        published_by -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    article_feedback (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        article_id -> Uuid,
        is_helpful -> Bool,
        remark -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    articles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        summary -> Nullable<Text>,
        body -> Text,
        category -> Nullable<Text>,
        language -> Text,
        audience -> Text,
        department_id -> Nullable<Uuid>,
        edition -> Nullable<Int4>,
        published_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    asset_assignments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        asset_id -> Uuid,
        employee_id -> Nullable<Uuid>,
        holder_location_id -> Nullable<Uuid>,
        holder_asset_id -> Nullable<Uuid>,
        checked_out_on -> Date,
        due_back_on -> Nullable<Date>,
        note -> Nullable<Text>,
        answered_at -> Nullable<Timestamptz>,
        decline_reason -> Nullable<Text>,
        returned_on -> Nullable<Date>,
        return_note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    asset_audits (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        asset_id -> Uuid,
        seen_on -> Date,
        location_id -> Nullable<Uuid>,
        next_due_on -> Nullable<Date>,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    asset_lines (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    asset_maintenances (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        asset_id -> Uuid,
        kind -> Text,
        title -> Text,
        supplier_id -> Nullable<Uuid>,
        cost -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        is_away -> Bool,
        note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    asset_models (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        manufacturer -> Nullable<Text>,
        model_number -> Nullable<Text>,
        category -> Text,
        end_of_life_months -> Nullable<Int4>,
        warranty_months -> Nullable<Int4>,
        audit_interval_months -> Nullable<Int4>,
        note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    assets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        tag -> Text,
        serial_number -> Nullable<Text>,
        name -> Nullable<Text>,
        model_id -> Uuid,
        location_id -> Nullable<Uuid>,
        purchased_on -> Nullable<Date>,
        purchase_price -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        supplier_id -> Nullable<Uuid>,
        order_number -> Nullable<Text>,
        warranty_ends_on -> Nullable<Date>,
        fixed_asset_id -> Nullable<Uuid>,
        note -> Nullable<Text>,
        employee_id -> Nullable<Uuid>,
        holder_location_id -> Nullable<Uuid>,
        holder_asset_id -> Nullable<Uuid>,
        last_audited_on -> Nullable<Date>,
        next_audit_due_on -> Nullable<Date>,
        ended_on -> Nullable<Date>,
        end_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        custom -> Jsonb,
    }
}

diesel::table! {
    assignments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        change -> Text,
        department_id -> Nullable<Uuid>,
        position_id -> Nullable<Uuid>,
        manager_id -> Nullable<Uuid>,
        workplace -> Text,
        location -> Nullable<Text>,
        country -> Nullable<Text>,
        full_time_equivalent -> Numeric,
        grade -> Nullable<Text>,
        contract_type -> Text,
        contract_ends_on -> Nullable<Date>,
        reason -> Nullable<Text>,
        ending_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    backup_policies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        backup_every_hours -> Int4,
        restore_test_every_days -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    backup_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        system_id -> Uuid,
        started_at -> Timestamptz,
        ended_at -> Timestamptz,
        outcome -> Text,
        size_bytes -> Nullable<Int8>,
        location -> Nullable<Text>,
        message -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    balance_deltas (org_id, id) {
        org_id -> Uuid,
        id -> Int8,
        account_id -> Uuid,
        begins_on -> Date,
        currency -> Text,
        is_closing -> Bool,
        department_id -> Uuid,
        cost_centre_id -> Uuid,
        project_id -> Uuid,
        debit -> Numeric,
        credit -> Numeric,
        foreign_net -> Numeric,
    }
}

diesel::table! {
    bank_accounts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        iban -> Nullable<Text>,
        account_number -> Nullable<Text>,
        bic -> Nullable<Text>,
        currency -> Text,
        account_id -> Uuid,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    bank_matches (org_id, line_id, entry_id) {
        org_id -> Uuid,
        line_id -> Uuid,
        entry_id -> Uuid,
        amount -> Numeric,
        is_own -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    bank_rules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        position -> Int4,
        bank_account_id -> Nullable<Uuid>,
        direction -> Nullable<Text>,
        text_contains -> Nullable<Text>,
        counterparty_contains -> Nullable<Text>,
        counterparty_account -> Nullable<Text>,
        amount_from -> Nullable<Numeric>,
        amount_to -> Nullable<Numeric>,
        account_id -> Uuid,
        description -> Nullable<Text>,
        party_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        project_id -> Nullable<Uuid>,
        automatic -> Bool,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    bank_statement_lines (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        statement_id -> Uuid,
        bank_account_id -> Uuid,
        line -> Int4,
        booked_on -> Date,
        value_on -> Nullable<Date>,
        amount -> Numeric,
        currency -> Text,
        reference -> Nullable<Text>,
        end_to_end_id -> Nullable<Text>,
        counterparty_name -> Nullable<Text>,
        counterparty_account -> Nullable<Text>,
        text -> Nullable<Text>,
        bank_reference -> Nullable<Text>,
        digest -> Text,
        occurrence -> Int4,
        rule_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    bank_statement_mappings (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        delimiter -> Text,
        skipped_lines -> Int4,
        date_format -> Text,
        decimal_separator -> Text,
        booking_day -> Text,
        value_day -> Nullable<Text>,
        amount -> Nullable<Text>,
        debit -> Nullable<Text>,
        credit -> Nullable<Text>,
        direction -> Nullable<Text>,
        outgoing -> Nullable<Text>,
        currency -> Nullable<Text>,
        reference -> Nullable<Text>,
        end_to_end_id -> Nullable<Text>,
        counterparty_name -> Nullable<Text>,
        counterparty_account -> Nullable<Text>,
        text -> Nullable<Text>,
        bank_reference -> Nullable<Text>,
        balance -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    bank_statements (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        bank_account_id -> Uuid,
        ordinal -> Int4,
        number -> Nullable<Text>,
        from_on -> Date,
        to_on -> Date,
        currency -> Text,
        opening_balance -> Numeric,
        closing_balance -> Numeric,
        line_count -> Int4,
        known_line_count -> Int4,
        format -> Text,
        sha256 -> Text,
        mapping_id -> Nullable<Uuid>,
        previous_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    benefit_enrolment_dependants (org_id, enrolment_id, dependant_id) {
        org_id -> Uuid,
        enrolment_id -> Uuid,
        dependant_id -> Uuid,
    }
}

diesel::table! {
    benefit_enrolments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        benefit_plan_id -> Uuid,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        dependant_ids -> Jsonb,
        opened_by -> Text,
        benefit_window_id -> Nullable<Uuid>,
        benefit_life_event_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        end_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    benefit_life_events (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        kind -> Text,
        happened_on -> Date,
        note -> Nullable<Text>,
        enrol_until_on -> Nullable<Date>,
        rejection_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    benefit_plans (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        kind -> Text,
        description -> Nullable<Text>,
        currency -> Text,
        eligible_grades -> Jsonb,
        eligible_countries -> Jsonb,
        tenure_months -> Int4,
        new_hire_days -> Int4,
        most_dependants -> Int4,
        needs_approval -> Bool,
        contributions -> Jsonb,
        is_prorated -> Bool,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    benefit_windows (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        benefit_plan_id -> Nullable<Uuid>,
        opens_on -> Date,
        closes_on -> Date,
        coverage_starts_on -> Date,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    bills (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        party_id -> Uuid,
        supplier_number -> Text,
        payment_terms_id -> Nullable<Uuid>,
        due_on -> Date,
        instalments -> Jsonb,
        credited_amount -> Numeric,
        budget_warnings -> Jsonb,
        reference -> Nullable<Text>,
        issued_on -> Date,
        currency -> Text,
        exchange_rate -> Numeric,
        tax_rounding -> Text,
        lines -> Jsonb,
        taxes -> Jsonb,
        net_amount -> Numeric,
        tax_amount -> Numeric,
        total_amount -> Numeric,
        base_net_amount -> Numeric,
        base_tax_amount -> Numeric,
        base_total_amount -> Numeric,
        open_amount -> Numeric,
        notes -> Nullable<Text>,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    budget_lines (org_id, budget_id, line) {
        org_id -> Uuid,
        budget_id -> Uuid,
        line -> Int4,
        account_id -> Uuid,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        project_id -> Nullable<Uuid>,
        amounts -> Array<Nullable<Numeric>>,
    }
}

diesel::table! {
    budgets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        fiscal_year_id -> Uuid,
        revision -> Int4,
        control -> Text,
        control_over -> Text,
        lines -> Jsonb,
        prepared_by -> Array<Nullable<Uuid>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    business_hours (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        time_zone -> Text,
        intervals -> Jsonb,
        holidays -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    cables (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        a_interface_id -> Uuid,
        z_interface_id -> Uuid,
        kind -> Text,
        label -> Nullable<Text>,
        colour -> Nullable<Text>,
        length_cm -> Nullable<Int4>,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    calendar_feeds (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        scope -> Text,
        secret_hash -> Bytea,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    candidates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        given_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        location -> Nullable<Text>,
        profile_url -> Nullable<Text>,
        notes -> Nullable<Text>,
        source -> Text,
        referred_by_id -> Nullable<Uuid>,
        consent_given_on -> Date,
        consent_ends_on -> Date,
        employee_id -> Nullable<Uuid>,
        anonymized_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    case_alarms (organization_id, case_id) {
        organization_id -> Uuid,
        case_id -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    case_decisions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        case_id -> Uuid,
        decision -> Text,
        reason -> Text,
        amount -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        invoice_id -> Nullable<Uuid>,
        lines -> Nullable<Jsonb>,
        issued_on -> Nullable<Date>,
        credit_note_id -> Nullable<Uuid>,
        rejection_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    case_files (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        case_id -> Uuid,
        root_cause -> Nullable<Text>,
        root_cause_note -> Nullable<Text>,
        findings -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    case_steps (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        case_id -> Uuid,
        kind -> Text,
        note -> Text,
        done_on -> Date,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    cases (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        party_id -> Uuid,
        subject -> Text,
        happened -> Text,
        promised -> Nullable<Text>,
        wanted -> Text,
        value_at_risk -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        resource -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        owner_id -> Nullable<Uuid>,
        due_at -> Timestamptz,
        promise -> Text,
        decision -> Nullable<Text>,
        answer -> Nullable<Text>,
        answered_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    certificates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        course_id -> Uuid,
        course_enrolment_id -> Nullable<Uuid>,
        number -> Nullable<Text>,
        issued_by -> Nullable<Text>,
        issued_on -> Date,
        expires_on -> Nullable<Date>,
        revoke_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    change_calendar_feeds (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        secret_hash -> Bytea,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    change_freezes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        reason -> Nullable<Text>,
        environment -> Nullable<Text>,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    change_links (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        change_id -> Uuid,
        resource -> Text,
        resource_id -> Uuid,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    change_risk_matrices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        cells -> Jsonb,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    change_steps (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        change_id -> Uuid,
        place -> Int4,
        title -> Text,
        kind -> Text,
        responsible_id -> Nullable<Uuid>,
        result -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    changes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        title -> Text,
        kind -> Text,
        reason -> Text,
        impact -> Text,
        likelihood -> Text,
        risk -> Text,
        system_ids -> Array<Nullable<Uuid>>,
        assignee_id -> Nullable<Uuid>,
        plan -> Nullable<Text>,
        test_plan -> Nullable<Text>,
        rollback_plan -> Nullable<Text>,
        starts_at -> Nullable<Timestamptz>,
        ends_at -> Nullable<Timestamptz>,
        sequence -> Int4,
        submitted_by -> Nullable<Uuid>,
        decision_reason -> Nullable<Text>,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        outcome_note -> Nullable<Text>,
        review -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    checklist_tasks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        checklist_id -> Uuid,
        employee_id -> Uuid,
        place -> Int4,
        title -> Text,
        description -> Nullable<Text>,
        role -> Text,
        responsible_id -> Nullable<Uuid>,
        due_on -> Date,
        request_kind -> Nullable<Text>,
        request_item -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
        done_by -> Nullable<Uuid>,
        skip_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        service_request_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    checklist_templates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        kind -> Text,
        position_id -> Nullable<Uuid>,
        country -> Nullable<Text>,
        items -> Jsonb,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    checklists (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        template_id -> Uuid,
        kind -> Text,
        day_on -> Date,
        cancellation_reason -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    circuits (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        provider_id -> Uuid,
        circuit_number -> Text,
        contract_number -> Nullable<Text>,
        kind -> Text,
        bandwidth_kbps -> Nullable<Int8>,
        installed_on -> Nullable<Date>,
        contract_ends_on -> Nullable<Date>,
        notice_days -> Nullable<Int4>,
        a_site_id -> Uuid,
        z_site_id -> Nullable<Uuid>,
        a_interface_id -> Nullable<Uuid>,
        z_interface_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    comment_mentions (org_id, user_id, comment_id) {
        org_id -> Uuid,
        user_id -> Uuid,
        comment_id -> Uuid,
    }
}

diesel::table! {
    comments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        resource -> Text,
        resource_id -> Uuid,
        body -> Text,
        visibility -> Text,
        mentions -> Array<Nullable<Uuid>>,
        reply_to_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    compensations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        effective_on -> Date,
        basis -> Text,
        amount -> Numeric,
        currency -> Text,
        pay_group_id -> Uuid,
        extras -> Jsonb,
        reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    cost_centres (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    course_enrolments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_session_id -> Uuid,
        course_id -> Nullable<Uuid>,
        employee_id -> Uuid,
        score -> Nullable<Numeric>,
        has_passed -> Nullable<Bool>,
        rating -> Nullable<Int4>,
        feedback -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    course_requirements (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        position_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        starts_on -> Date,
        due_days -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    course_sessions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        place -> Nullable<Text>,
        link -> Nullable<Text>,
        trainer -> Nullable<Text>,
        seats -> Int4,
        taken_seats -> Int4,
        waiting -> Int4,
        cost -> Numeric,
        currency -> Nullable<Text>,
        cancel_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    courses (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        kind -> Text,
        description -> Nullable<Text>,
        hours -> Nullable<Numeric>,
        pass_score -> Nullable<Numeric>,
        certificate_months -> Nullable<Int4>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    credit_notes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        party_id -> Uuid,
        invoice_id -> Uuid,
        reason -> Text,
        reference -> Nullable<Text>,
        issued_on -> Date,
        currency -> Text,
        exchange_rate -> Numeric,
        tax_rounding -> Text,
        lines -> Jsonb,
        taxes -> Jsonb,
        net_amount -> Numeric,
        tax_amount -> Numeric,
        total_amount -> Numeric,
        base_net_amount -> Numeric,
        base_tax_amount -> Numeric,
        base_total_amount -> Numeric,
        open_amount -> Numeric,
        notes -> Nullable<Text>,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    custom_fields (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        applies_to -> Text,
        name -> Text,
        label -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        required -> Bool,
        unique -> Bool,
        choices -> Nullable<Array<Nullable<Text>>>,
        max_length -> Nullable<Int4>,
        currency -> Nullable<Text>,
        refers_to -> Nullable<Text>,
        role_ids -> Array<Nullable<Uuid>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    debit_notes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        party_id -> Uuid,
        bill_id -> Uuid,
        reason -> Text,
        reference -> Nullable<Text>,
        issued_on -> Date,
        currency -> Text,
        exchange_rate -> Numeric,
        tax_rounding -> Text,
        lines -> Jsonb,
        taxes -> Jsonb,
        net_amount -> Numeric,
        tax_amount -> Numeric,
        total_amount -> Numeric,
        base_net_amount -> Numeric,
        base_tax_amount -> Numeric,
        base_total_amount -> Numeric,
        open_amount -> Numeric,
        notes -> Nullable<Text>,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    department_lines (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    departments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        code -> Text,
        parent_id -> Nullable<Uuid>,
        head_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        custom -> Jsonb,
    }
}

diesel::table! {
    dependants (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        given_name -> Text,
        family_name -> Text,
        relationship -> Text,
        born_on -> Nullable<Date>,
        is_tax_dependant -> Bool,
        ends_on -> Nullable<Date>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    depreciation_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        fiscal_period_id -> Uuid,
        posted_on -> Date,
        assets -> Int4,
        amount -> Numeric,
        journal_entry_id -> Nullable<Uuid>,
        reversed_on -> Nullable<Date>,
        reversal_entry_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    devices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        role -> Text,
        model -> Nullable<Text>,
        serial_number -> Nullable<Text>,
        site_id -> Uuid,
        place -> Nullable<Text>,
        resource -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    directory (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_name -> Text,
        external_id -> Nullable<Text>,
        attributes -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    directory_groups (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        external_id -> Text,
    }
}

diesel::table! {
    directory_tokens (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        hash -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    document_lines (org_id, document_id, line) {
        org_id -> Uuid,
        document_id -> Uuid,
        line -> Int4,
        resource -> Text,
        account_id -> Uuid,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        project_id -> Nullable<Uuid>,
        quantity -> Numeric,
        net_amount -> Numeric,
        credited_line -> Nullable<Int4>,
    }
}

diesel::table! {
    document_papers (org_id, document_id) {
        org_id -> Uuid,
        document_id -> Uuid,
        facts -> Jsonb,
    }
}

diesel::table! {
    document_taxes (org_id, document_id, tax_code_id, rate) {
        org_id -> Uuid,
        document_id -> Uuid,
        tax_code_id -> Uuid,
        resource -> Text,
        rate -> Numeric,
        taxed_on -> Date,
        is_posted -> Bool,
        taxable_amount -> Numeric,
        tax_amount -> Numeric,
        base_taxable_amount -> Numeric,
        base_tax_amount -> Numeric,
    }
}

diesel::table! {
    dunning_holds (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        party_id -> Uuid,
        invoice_id -> Nullable<Uuid>,
        reason -> Text,
        until_on -> Nullable<Date>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    dunning_letters (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        dunning_run_id -> Uuid,
        party_id -> Uuid,
        account_id -> Uuid,
        as_of_on -> Date,
        level -> Int4,
        language -> Text,
        title -> Text,
        text -> Text,
        currency -> Text,
        exchange_rate -> Numeric,
        documents -> Jsonb,
        overdue_amount -> Numeric,
        fee_amount -> Numeric,
        fee_base_amount -> Numeric,
        fee_account_id -> Nullable<Uuid>,
        total_amount -> Numeric,
        journal_entry_id -> Nullable<Uuid>,
        fee_waived_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    dunning_levels (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        level -> Int4,
        name -> Text,
        days_overdue -> Int4,
        fee_amount -> Nullable<Numeric>,
        fee_account_id -> Nullable<Uuid>,
        texts -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    dunning_reminders (org_id, document_id, level) {
        org_id -> Uuid,
        document_id -> Uuid,
        level -> Int4,
        letter_id -> Uuid,
        as_of_on -> Date,
        is_posted -> Bool,
    }
}

diesel::table! {
    dunning_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        as_of_on -> Date,
        party_id -> Nullable<Uuid>,
        letters -> Int4,
        left_out -> Int4,
        fees -> Numeric,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    employees (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_number -> Text,
        given_name -> Text,
        family_name -> Text,
        work_email -> Nullable<Text>,
        phone -> Nullable<Text>,
        department_id -> Nullable<Uuid>,
        position_id -> Nullable<Uuid>,
        manager_id -> Nullable<Uuid>,
        hired_on -> Date,
        status -> Text,
        terminated_on -> Nullable<Date>,
        termination_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        custom -> Jsonb,
    }
}

diesel::table! {
    escalation_rules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        queue_id -> Uuid,
        waits_for -> Text,
        after_minutes -> Int4,
        to_queue_id -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        priority -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    exchange_rates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        currency -> Text,
        rated_on -> Date,
        rate -> Numeric,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    expense_categories (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        kind -> Text,
        account_id -> Uuid,
        tax_code_id -> Nullable<Uuid>,
        unit -> Nullable<Text>,
        unit_rate -> Nullable<Numeric>,
        max_per_item -> Nullable<Numeric>,
        max_per_day -> Nullable<Numeric>,
        max_per_month -> Nullable<Numeric>,
        receipt_required_over -> Nullable<Numeric>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    expense_claims (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        employee_id -> Uuid,
        title -> Text,
        currency -> Text,
        lines -> Jsonb,
        net_amount -> Numeric,
        tax_amount -> Numeric,
        total_amount -> Numeric,
        reimbursable_amount -> Numeric,
        open_amount -> Numeric,
        is_over_policy -> Bool,
        required_approvals -> Int4,
        approvals -> Jsonb,
        rejection_reason -> Nullable<Text>,
        submitted_at -> Nullable<Timestamptz>,
        submitted_by -> Nullable<Uuid>,
        posted_on -> Nullable<Date>,
        voided_on -> Nullable<Date>,
        void_reason -> Nullable<Text>,
        budget_warnings -> Jsonb,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        reversal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    expense_lines (org_id, claim_id, line) {
        org_id -> Uuid,
        claim_id -> Uuid,
        line -> Int4,
        employee_id -> Uuid,
        category_id -> Uuid,
        spent_on -> Date,
        base_amount -> Numeric,
        tax_code_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        project_id -> Nullable<Uuid>,
        receipt_file_id -> Nullable<Uuid>,
        paid_from_account_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    expense_receipts (org_id, sha256) {
        org_id -> Uuid,
        sha256 -> Text,
        claim_id -> Uuid,
    }
}

diesel::table! {
    file_contents (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        sha256 -> Text,
        size -> Int8,
        verdict -> Nullable<Text>,
        scanned_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    files (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        purpose -> Text,
        content_type -> Text,
        size -> Int8,
        sha256 -> Text,
        status -> Text,
        resource -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        content_id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fiscal_periods (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        fiscal_year_id -> Uuid,
        code -> Text,
        starts_on -> Date,
        ends_on -> Date,
        status -> Text,
        revaluation_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fiscal_years (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        starts_on -> Date,
        ends_on -> Date,
        status -> Text,
        closing_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fixed_asset_categories (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        asset_account_id -> Uuid,
        accumulated_depreciation_account_id -> Uuid,
        depreciation_account_id -> Uuid,
        gain_account_id -> Uuid,
        loss_account_id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fixed_asset_movements (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        fixed_asset_id -> Uuid,
        kind -> Text,
        posted_on -> Date,
        cost -> Numeric,
        depreciation -> Numeric,
        covers_from -> Nullable<Date>,
        covers_to -> Nullable<Date>,
        journal_entry_id -> Nullable<Uuid>,
        depreciation_run_id -> Nullable<Uuid>,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fixed_asset_purchases (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        fixed_asset_id -> Uuid,
        bill_id -> Uuid,
        line -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    fixed_asset_transfers (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        fixed_asset_id -> Uuid,
        moved_on -> Date,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    fixed_asset_units (org_id, fixed_asset_id, fiscal_period_id) {
        org_id -> Uuid,
        fixed_asset_id -> Uuid,
        fiscal_period_id -> Uuid,
        units -> Numeric,
    }
}

diesel::table! {
    fixed_assets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        name -> Text,
        category_id -> Uuid,
        acquired_on -> Date,
        in_service_on -> Nullable<Date>,
        cost -> Numeric,
        residual_value -> Numeric,
        method -> Text,
        convention -> Text,
        life_months -> Int4,
        rate -> Nullable<Numeric>,
        total_units -> Nullable<Numeric>,
        opening_depreciation -> Numeric,
        opening_on -> Nullable<Date>,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        accumulated_depreciation -> Numeric,
        depreciated_through -> Nullable<Date>,
        schedule_carrying -> Nullable<Numeric>,
        schedule_after -> Nullable<Date>,
        disposed_on -> Nullable<Date>,
        units_made -> Numeric,
        status -> Text,
        carrying_amount -> Numeric,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    goal_check_ins (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        goal_id -> Uuid,
        employee_id -> Nullable<Uuid>,
        value -> Nullable<Numeric>,
        confidence -> Text,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    goal_lines (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    goals (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        description -> Nullable<Text>,
        level -> Text,
        department_id -> Nullable<Uuid>,
        employee_id -> Nullable<Uuid>,
        parent_id -> Nullable<Uuid>,
        starts_on -> Date,
        ends_on -> Date,
        unit -> Text,
        start_value -> Numeric,
        target_value -> Numeric,
        current_value -> Numeric,
        weight -> Numeric,
        progress -> Numeric,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    hiring_stages (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        place -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    idempotency_keys (org_id, caller, key) {
        org_id -> Uuid,
        caller -> Text,
        key -> Text,
        fingerprint -> Bytea,
        status -> Int2,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    identity_providers (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        issuer -> Text,
        audience -> Text,
        subject_claim -> Text,
        linked_by -> Text,
        allowed_domains -> Array<Nullable<Text>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    import_chunks (org_id, import_id, number) {
        org_id -> Uuid,
        import_id -> Uuid,
        number -> Int4,
        content -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    import_mappings (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        resource -> Text,
        headers -> Jsonb,
        constants -> Jsonb,
        date_order -> Text,
        decimal_separator -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    import_rows (org_id, import_id, resource_id) {
        org_id -> Uuid,
        import_id -> Uuid,
        resource_id -> Uuid,
        version -> Int8,
        line -> Int4,
    }
}

diesel::table! {
    imports (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        resource -> Text,
        status -> Text,
        mode -> Text,
        on_error -> Text,
        dry_run -> Bool,
        row_count -> Int4,
        created -> Int4,
        changed -> Int4,
        unchanged -> Int4,
        refused -> Int4,
        faults -> Jsonb,
        changes -> Jsonb,
        notices -> Jsonb,
        job_id -> Nullable<Uuid>,
        plan -> Nullable<Jsonb>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    interfaces (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        device_id -> Uuid,
        name -> Text,
        kind -> Text,
        enabled -> Bool,
        speed_mbps -> Nullable<Int4>,
        mac_address -> Nullable<Text>,
        vlan_id -> Nullable<Uuid>,
        rear_port_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    interview_panel (org_id, interview_id, employee_id) {
        org_id -> Uuid,
        interview_id -> Uuid,
        employee_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        is_booked -> Bool,
    }
}

diesel::table! {
    interviews (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        application_id -> Uuid,
        title -> Text,
        kind -> Text,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        place -> Nullable<Text>,
        link -> Nullable<Text>,
        panel -> Array<Nullable<Uuid>>,
        sequence -> Int4,
        cancellation_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    invitation_links (org_id, invitation_id) {
        org_id -> Uuid,
        invitation_id -> Uuid,
        hash -> Bytea,
    }
}

diesel::table! {
    invitations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        email -> Text,
        role_ids -> Array<Nullable<Uuid>>,
        employee_id -> Nullable<Uuid>,
        status -> Text,
        token_hash -> Bytea,
        expires_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    invoices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        party_id -> Uuid,
        payment_terms_id -> Nullable<Uuid>,
        due_on -> Date,
        instalments -> Jsonb,
        credited_amount -> Numeric,
        reference -> Nullable<Text>,
        issued_on -> Date,
        currency -> Text,
        exchange_rate -> Numeric,
        tax_rounding -> Text,
        lines -> Jsonb,
        taxes -> Jsonb,
        net_amount -> Numeric,
        tax_amount -> Numeric,
        total_amount -> Numeric,
        base_net_amount -> Numeric,
        base_tax_amount -> Numeric,
        base_total_amount -> Numeric,
        open_amount -> Numeric,
        notes -> Nullable<Text>,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    ip_addresses (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        routing_domain_id -> Uuid,
        prefix_id -> Uuid,
        address -> Inet,
        role -> Nullable<Text>,
        dns_name -> Nullable<Text>,
        interface_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    job_openings (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        position_id -> Uuid,
        seats -> Int4,
        filled_seats -> Int4,
        hiring_manager_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        contract_type -> Text,
        workplace -> Text,
        location -> Nullable<Text>,
        country -> Nullable<Text>,
        salary_from -> Nullable<Numeric>,
        salary_to -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        opened_on -> Nullable<Date>,
        filled_on -> Nullable<Date>,
        closed_on -> Nullable<Date>,
        close_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    jobs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        status -> Text,
        priority -> Int2,
        once_key -> Nullable<Text>,
        run_at -> Timestamptz,
        attempts -> Int4,
        attempts_allowed -> Int4,
        done -> Int8,
        total -> Nullable<Int8>,
        task -> Jsonb,
        result -> Nullable<Jsonb>,
        problem -> Nullable<Jsonb>,
        actor -> Text,
        started_in_session -> Nullable<Uuid>,
        started_by_request -> Nullable<Text>,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    journal_entries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        journal_id -> Uuid,
        fiscal_period_id -> Nullable<Uuid>,
        posted_on -> Date,
        description -> Text,
        reference -> Nullable<Text>,
        status -> Text,
        kind -> Text,
        total -> Numeric,
        line_count -> Int4,
        lines -> Nullable<Jsonb>,
        resource -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        reverse_on -> Nullable<Date>,
        reversal_of_id -> Nullable<Uuid>,
        reversed_by_id -> Nullable<Uuid>,
        recurring_entry_id -> Nullable<Uuid>,
        posted_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    journal_lines (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        entry_id -> Uuid,
        line -> Int4,
        posted_on -> Date,
        account_id -> Uuid,
        debit -> Numeric,
        credit -> Numeric,
        currency -> Text,
        foreign_debit -> Nullable<Numeric>,
        foreign_credit -> Nullable<Numeric>,
        rate -> Nullable<Numeric>,
        description -> Nullable<Text>,
        department_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        project_id -> Nullable<Uuid>,
        party_id -> Nullable<Uuid>,
        tax_code_id -> Nullable<Uuid>,
        tax_side -> Nullable<Text>,
        taxed_by -> Nullable<Array<Nullable<Uuid>>>,
        is_closing -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    journals (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    kit_items (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kit_id -> Uuid,
        model_id -> Nullable<Uuid>,
        licence_id -> Nullable<Uuid>,
        supply_id -> Nullable<Uuid>,
        quantity -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    kits (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        position_id -> Nullable<Uuid>,
        note -> Nullable<Text>,
        handed_out -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    leave_entitlements (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        leave_type_id -> Uuid,
        kind -> Text,
        days -> Numeric,
        effective_on -> Date,
        period_on -> Nullable<Date>,
        leave_request_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    leave_requests (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        leave_type_id -> Uuid,
        starts_on -> Date,
        ends_on -> Date,
        starts_at_noon -> Bool,
        ends_at_noon -> Bool,
        days -> Numeric,
        note -> Nullable<Text>,
        rejection_reason -> Nullable<Text>,
        submitted_at -> Nullable<Timestamptz>,
        submitted_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    leave_types (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        accrual -> Text,
        days_per_year -> Nullable<Numeric>,
        accrues_from_on -> Nullable<Date>,
        prorates -> Bool,
        carry_over_days -> Nullable<Numeric>,
        carry_over_months -> Nullable<Int4>,
        allows_negative -> Bool,
        allows_half_days -> Bool,
        paid_share -> Numeric,
        needs_document -> Bool,
        is_paid_out -> Bool,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    licence_assignments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        licence_id -> Uuid,
        employee_id -> Nullable<Uuid>,
        asset_id -> Nullable<Uuid>,
        assigned_on -> Date,
        released_on -> Nullable<Date>,
        note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    licence_terms (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        licence_id -> Uuid,
        number -> Int4,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        seats -> Int4,
        seat_cost -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        cost_period -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    licences (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        publisher -> Nullable<Text>,
        kind -> Text,
        seats -> Int4,
        taken_seats -> Int4,
        seat_cost -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        cost_period -> Text,
        term -> Int4,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        renews -> Bool,
        notice_days -> Nullable<Int4>,
        supplier_id -> Nullable<Uuid>,
        order_number -> Nullable<Text>,
        note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    linked_subjects (org_id, provider_id, subject) {
        org_id -> Uuid,
        provider_id -> Uuid,
        subject -> Text,
        user_id -> Uuid,
        session_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    location_lines (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    locations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        parent_id -> Nullable<Uuid>,
        address -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    login_tokens (hash) {
        hash -> Bytea,
        user_id -> Uuid,
        purpose -> Text,
        login_version -> Int8,
        organization_id -> Nullable<Uuid>,
        email -> Nullable<Text>,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    logins (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        status -> Text,
        home_organization_id -> Uuid,
        version -> Int8,
        password_changed_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        second_factor_enrolled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    macros (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        reply -> Nullable<Text>,
        is_internal -> Bool,
        action -> Nullable<Text>,
        queue_id -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        priority -> Nullable<Text>,
        tags -> Array<Nullable<Text>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    membership_roles (org_id, membership_id, role_id) {
        org_id -> Uuid,
        membership_id -> Uuid,
        role_id -> Uuid,
    }
}

diesel::table! {
    memberships (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        employee_id -> Nullable<Uuid>,
        role_ids -> Array<Nullable<Uuid>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    network_designs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        site_id -> Nullable<Uuid>,
        review_note -> Nullable<Text>,
        reviewed_by -> Nullable<Uuid>,
        reviewed_at -> Nullable<Timestamptz>,
        applied_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    number_counters (org_id, series_id, period) {
        org_id -> Uuid,
        series_id -> Uuid,
        period -> Text,
        first -> Int8,
        last -> Int8,
    }
}

diesel::table! {
    number_kinds (kind) {
        kind -> Text,
        table_name -> Nullable<Text>,
        column_name -> Nullable<Text>,
        longest -> Int4,
        format -> Text,
        reset -> Text,
        is_scoped -> Bool,
    }
}

diesel::table! {
    number_series (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        scope -> Text,
        name -> Text,
        format -> Text,
        start -> Int8,
        reset -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    numbers_given (org_id, series_id, period, ordinal) {
        org_id -> Uuid,
        series_id -> Uuid,
        period -> Text,
        ordinal -> Int8,
        kind -> Text,
        number -> Text,
        resource_id -> Uuid,
        given_at -> Timestamptz,
    }
}

diesel::table! {
    offers (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        application_id -> Uuid,
        starts_on -> Date,
        contract_type -> Text,
        contract_ends_on -> Nullable<Date>,
        full_time_equivalent -> Numeric,
        workplace -> Text,
        location -> Nullable<Text>,
        country -> Nullable<Text>,
        grade -> Nullable<Text>,
        manager_id -> Nullable<Uuid>,
        pay_basis -> Text,
        pay_amount -> Numeric,
        pay_currency -> Text,
        pay_group_id -> Uuid,
        expires_on -> Date,
        message -> Nullable<Text>,
        answer_reason -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
        answered_at -> Nullable<Timestamptz>,
        employee_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    open_items (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        resource -> Text,
        number -> Text,
        party_id -> Uuid,
        account_id -> Uuid,
        side -> Text,
        currency -> Text,
        exchange_rate -> Numeric,
        amount -> Numeric,
        base_amount -> Numeric,
        open_amount -> Numeric,
        open_base_amount -> Numeric,
        posted_on -> Date,
        due_on -> Date,
        journal_entry_id -> Uuid,
    }
}

diesel::table! {
    organizations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        name -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        legal_name -> Nullable<Text>,
        country -> Nullable<Text>,
        currency -> Text,
        tax_id -> Nullable<Text>,
        registration_number -> Nullable<Text>,
        address -> Nullable<Text>,
        tax_rounding -> Text,
    }
}

diesel::table! {
    overtime_rules (org_id, pattern_id, per, over_hours) {
        org_id -> Uuid,
        pattern_id -> Uuid,
        per -> Text,
        over_hours -> Numeric,
        up_to -> Numeric,
        multiplier -> Numeric,
    }
}

diesel::table! {
    parties (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        name -> Text,
        legal_name -> Nullable<Text>,
        is_customer -> Bool,
        is_supplier -> Bool,
        country -> Text,
        tax_id -> Nullable<Text>,
        registration_number -> Nullable<Text>,
        billing_address -> Nullable<Jsonb>,
        delivery_address -> Nullable<Jsonb>,
        contacts -> Jsonb,
        bank_accounts -> Jsonb,
        currency -> Nullable<Text>,
        payment_terms_id -> Nullable<Uuid>,
        credit_limit -> Nullable<Numeric>,
        language -> Text,
        status -> Text,
        allow_duplicate -> Bool,
        receivable_account_id -> Nullable<Uuid>,
        payable_account_id -> Nullable<Uuid>,
        income_account_id -> Nullable<Uuid>,
        expense_account_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        custom -> Jsonb,
        employee_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    party_bank_accounts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        party_id -> Uuid,
        iban -> Nullable<Text>,
        account_number -> Nullable<Text>,
        bic -> Nullable<Text>,
        holder -> Nullable<Text>,
        bank_name -> Nullable<Text>,
        currency -> Nullable<Text>,
        is_current -> Bool,
    }
}

diesel::table! {
    party_keys (org_id, key, party_id) {
        org_id -> Uuid,
        key -> Text,
        party_id -> Uuid,
    }
}

diesel::table! {
    pay_changes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        since_on -> Date,
        payroll_run_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    pay_components (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        pay_group_id -> Uuid,
        code -> Text,
        name -> Text,
        kind -> Text,
        method -> Text,
        source -> Text,
        amount -> Nullable<Numeric>,
        rate -> Nullable<Numeric>,
        base -> Jsonb,
        allowance -> Nullable<Numeric>,
        floor -> Nullable<Numeric>,
        cap -> Nullable<Numeric>,
        brackets -> Jsonb,
        conditions -> Jsonb,
        is_prorated -> Bool,
        rounding -> Text,
        rounding_to -> Numeric,
        account_id -> Nullable<Uuid>,
        counter_account_id -> Nullable<Uuid>,
        cost_centre_id -> Nullable<Uuid>,
        statutory -> Nullable<Text>,
        position -> Int4,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    pay_groups (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        currency -> Text,
        pay_period -> Text,
        pay_day -> Int4,
        paid_in -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payment_run_items (org_id, payment_run_id, item_id) {
        org_id -> Uuid,
        payment_run_id -> Uuid,
        item_id -> Uuid,
        is_under_way -> Bool,
    }
}

diesel::table! {
    payment_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        bank_account_id -> Uuid,
        pay_on -> Date,
        due_by -> Nullable<Date>,
        currency -> Text,
        items -> Jsonb,
        transfers -> Jsonb,
        total_amount -> Numeric,
        notes -> Nullable<Text>,
        status -> Text,
        debtor_name -> Nullable<Text>,
        debtor_account -> Nullable<Text>,
        debtor_bic -> Nullable<Text>,
        exported_at -> Nullable<Timestamptz>,
        payment_ids -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payment_terms (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        days -> Int4,
        end_of_month -> Bool,
        instalments -> Jsonb,
        discount_percent -> Nullable<Numeric>,
        discount_days -> Nullable<Int4>,
        discount_tax -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        direction -> Text,
        party_id -> Uuid,
        account_id -> Uuid,
        paid_on -> Date,
        currency -> Text,
        exchange_rate -> Nullable<Numeric>,
        amount -> Numeric,
        base_amount -> Nullable<Numeric>,
        fee_amount -> Nullable<Numeric>,
        fee_account_id -> Nullable<Uuid>,
        discount_amount -> Numeric,
        discount_taxes -> Jsonb,
        reference -> Nullable<Text>,
        notes -> Nullable<Text>,
        allocations -> Jsonb,
        open_amount -> Numeric,
        status -> Text,
        journal_entry_id -> Nullable<Uuid>,
        voided_on -> Nullable<Date>,
        void_reason -> Nullable<Text>,
        void_entry_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payroll_inputs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        period -> Text,
        component -> Text,
        amount -> Nullable<Numeric>,
        quantity -> Nullable<Numeric>,
        description -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payroll_runs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Nullable<Text>,
        pay_group_id -> Uuid,
        period -> Text,
        starts_on -> Date,
        ends_on -> Date,
        pay_on -> Date,
        currency -> Text,
        employees -> Int4,
        gross_amount -> Numeric,
        deduction_amount -> Numeric,
        claim_amount -> Numeric,
        net_amount -> Numeric,
        employer_amount -> Numeric,
        open_amount -> Numeric,
        problems -> Jsonb,
        blocking_problems -> Int4,
        calculated_at -> Nullable<Timestamptz>,
        calculated_by -> Nullable<Uuid>,
        posted_on -> Nullable<Date>,
        journal_entry_id -> Nullable<Uuid>,
        reversed_on -> Nullable<Date>,
        reversal_reason -> Nullable<Text>,
        reversal_entry_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    payslips (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        version -> Int8,
        payroll_run_id -> Uuid,
        employee_id -> Uuid,
        pay_group_id -> Uuid,
        period -> Text,
        pay_on -> Date,
        currency -> Text,
        department_id -> Nullable<Uuid>,
        basis -> Jsonb,
        lines -> Jsonb,
        year_to_date -> Jsonb,
        claims -> Jsonb,
        gross_amount -> Numeric,
        deduction_amount -> Numeric,
        claim_amount -> Numeric,
        net_amount -> Numeric,
        employer_amount -> Numeric,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    personal_data (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        born_on -> Nullable<Date>,
        nationality -> Nullable<Text>,
        national_id -> Nullable<Text>,
        national_id_country -> Nullable<Text>,
        private_email -> Nullable<Text>,
        private_phone -> Nullable<Text>,
        addresses -> Jsonb,
        emergency_contacts -> Jsonb,
        iban -> Nullable<Text>,
        tax_country -> Nullable<Text>,
        tax_number -> Nullable<Text>,
        tax_dependants -> Int4,
        is_main_employment -> Bool,
        tax_exemption -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    personal_data_changes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        changes -> Jsonb,
        reason -> Nullable<Text>,
        status -> Text,
        rejection_reason -> Nullable<Text>,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    personnel_document_kinds (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        visible_to -> Text,
        needs_expiry -> Bool,
        needs_verification -> Bool,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    personnel_documents (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        kind_id -> Uuid,
        file_id -> Uuid,
        number -> Nullable<Text>,
        issued_on -> Nullable<Date>,
        expires_on -> Nullable<Date>,
        note -> Nullable<Text>,
        visible_to -> Text,
        status -> Text,
        verified_by -> Nullable<Uuid>,
        verified_at -> Nullable<Timestamptz>,
        rejection_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    plugged_ends (org_id, interface_id) {
        org_id -> Uuid,
        interface_id -> Uuid,
        cable_id -> Nullable<Uuid>,
        circuit_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    positions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        department_id -> Uuid,
        approved_headcount -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        custom -> Jsonb,
    }
}

diesel::table! {
    prefix_usages (org_id, prefix_id) {
        org_id -> Uuid,
        prefix_id -> Uuid,
        addresses -> Int8,
    }
}

diesel::table! {
    prefixes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        routing_domain_id -> Uuid,
        prefix -> Cidr,
        parent_id -> Nullable<Uuid>,
        role -> Nullable<Text>,
        site_id -> Nullable<Uuid>,
        vlan_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    priority_matrices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        cells -> Jsonb,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    projects (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    public_holidays (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        calendar_id -> Uuid,
        holiday_on -> Date,
        name -> Text,
        source -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    queue_members (org_id, queue_id, employee_id) {
        org_id -> Uuid,
        queue_id -> Uuid,
        employee_id -> Uuid,
        turn_taken_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    queues (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        member_ids -> Array<Nullable<Uuid>>,
        assignment -> Text,
        sla_policy_id -> Nullable<Uuid>,
        close_after_days -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    recovery_codes (user_id, hash) {
        user_id -> Uuid,
        hash -> Bytea,
    }
}

diesel::table! {
    recurring_entries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        journal_id -> Uuid,
        description -> Text,
        lines -> Jsonb,
        every -> Text,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        next_on -> Nullable<Date>,
        runs -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    recurring_invoice_runs (org_id, recurring_invoice_id, due_on) {
        org_id -> Uuid,
        recurring_invoice_id -> Uuid,
        due_on -> Date,
        invoice_id -> Uuid,
    }
}

diesel::table! {
    recurring_invoices (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        party_id -> Uuid,
        payment_terms_id -> Nullable<Uuid>,
        reference -> Nullable<Text>,
        currency -> Nullable<Text>,
        lines -> Jsonb,
        notes -> Nullable<Text>,
        posts -> Text,
        every -> Text,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        times -> Nullable<Int4>,
        next_on -> Nullable<Date>,
        runs -> Int4,
        problem -> Nullable<Text>,
        failed_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    recurring_tasks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        context -> Nullable<Text>,
        priority -> Text,
        effort_hours -> Nullable<Numeric>,
        assignee_id -> Nullable<Uuid>,
        role_id -> Nullable<Uuid>,
        checklist -> Jsonb,
        every -> Text,
        spacing -> Int4,
        starts_on -> Date,
        ends_on -> Nullable<Date>,
        lead_days -> Int4,
        times -> Int4,
        next_due_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    refresh_tokens (org_id, hash) {
        org_id -> Uuid,
        hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    reporting_lines (org_id, above_id, below_id) {
        org_id -> Uuid,
        above_id -> Uuid,
        below_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    required_documents (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        kind_id -> Uuid,
        position_id -> Nullable<Uuid>,
        country -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    restore_tests (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        system_id -> Uuid,
        backup_run_id -> Nullable<Uuid>,
        tested_on -> Date,
        outcome -> Text,
        tested_by_id -> Nullable<Uuid>,
        duration_minutes -> Nullable<Int4>,
        notes -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    review_answers (org_id, part_id) {
        org_id -> Uuid,
        part_id -> Uuid,
        answers -> Jsonb,
        rating -> Nullable<Numeric>,
    }
}

diesel::table! {
    review_calibrations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        review_id -> Uuid,
        review_cycle_id -> Uuid,
        employee_id -> Uuid,
        proposed_rating -> Numeric,
        rating -> Numeric,
        reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    review_cycles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        starts_on -> Date,
        ends_on -> Date,
        department_id -> Nullable<Uuid>,
        hired_until_on -> Nullable<Date>,
        rating_scale -> Int4,
        questions -> Jsonb,
        parts_due_on -> Date,
        peers_are_anonymous -> Bool,
        shows_peer_parts -> Bool,
        least_peers -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    review_parts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        review_id -> Uuid,
        review_cycle_id -> Uuid,
        employee_id -> Uuid,
        author_id -> Uuid,
        part -> Text,
        due_on -> Date,
        saved_at -> Nullable<Timestamptz>,
        submitted_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    reviews (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        review_cycle_id -> Uuid,
        employee_id -> Uuid,
        manager_id -> Nullable<Uuid>,
        peers_asked -> Int4,
        rating -> Nullable<Numeric>,
        employee_comment -> Nullable<Text>,
        acknowledged_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    role_permissions (org_id, role_id, resource, verb) {
        org_id -> Uuid,
        role_id -> Uuid,
        resource -> Text,
        verb -> Text,
        reach -> Text,
    }
}

diesel::table! {
    roles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        title -> Text,
        description -> Nullable<Text>,
        kind -> Text,
        permissions -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        requires_second_factor -> Bool,
    }
}

diesel::table! {
    routing_domains (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        route_distinguisher -> Nullable<Text>,
        overlap -> Text,
        description -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    routing_rules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        place -> Int4,
        conditions -> Jsonb,
        queue_id -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        priority -> Nullable<Text>,
        tags -> Array<Nullable<Text>>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    scorecards (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        interview_id -> Uuid,
        application_id -> Uuid,
        interviewer_id -> Uuid,
        recommendation -> Nullable<Text>,
        ratings -> Nullable<Jsonb>,
        strengths -> Nullable<Text>,
        concerns -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Uuid,
        key -> Bytea,
        last_step -> Int8,
        failures -> Int4,
        failing_since -> Timestamptz,
    }
}

diesel::table! {
    security_deadlines (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        incident_low_hours -> Int4,
        incident_medium_hours -> Int4,
        incident_high_hours -> Int4,
        incident_critical_hours -> Int4,
        vulnerability_low_days -> Int4,
        vulnerability_medium_days -> Int4,
        vulnerability_high_days -> Int4,
        vulnerability_critical_days -> Int4,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    security_incident_entries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        incident_id -> Uuid,
        happened_at -> Timestamptz,
        text -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    security_incident_reporters (org_id, incident_id) {
        org_id -> Uuid,
        incident_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    security_incidents (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        description -> Text,
        category -> Text,
        severity -> Text,
        system_ids -> Array<Nullable<Uuid>>,
        reporter_id -> Nullable<Uuid>,
        is_confidential -> Bool,
        assignee_id -> Nullable<Uuid>,
        detected_at -> Timestamptz,
        due_at -> Timestamptz,
        notification_due_at -> Nullable<Timestamptz>,
        containment -> Nullable<Text>,
        contained_at -> Nullable<Timestamptz>,
        resolution -> Nullable<Text>,
        resolved_at -> Nullable<Timestamptz>,
        lessons -> Nullable<Text>,
        dismissal_reason -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    service_requests (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        service_id -> Uuid,
        requester_id -> Nullable<Uuid>,
        for_employee_id -> Nullable<Uuid>,
        answers -> Jsonb,
        note -> Nullable<Text>,
        needed_on -> Nullable<Date>,
        outcome -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    services (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        category -> Nullable<Text>,
        department_id -> Nullable<Uuid>,
        form -> Jsonb,
        approval -> Text,
        approver_role_id -> Nullable<Uuid>,
        tasks -> Jsonb,
        onboarding -> Nullable<Text>,
        policy_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    sessions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        membership_id -> Nullable<Uuid>,
        api_client_id -> Nullable<Uuid>,
        employee_id -> Nullable<Uuid>,
        role_ids -> Array<Nullable<Uuid>>,
        scopes -> Nullable<Array<Nullable<Text>>>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        signed_in_at -> Timestamptz,
        expires_at -> Timestamptz,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
        amr -> Array<Nullable<Text>>,
        awaits_second_factor -> Bool,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Uuid,
        private_key -> Bytea,
        public_key -> Bytea,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sites (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        address -> Nullable<Text>,
        country -> Nullable<Text>,
        description -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    sla_policies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        business_hours_id -> Nullable<Uuid>,
        targets -> Jsonb,
        warn_at_percent -> Int4,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    software_installations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        asset_id -> Uuid,
        name -> Text,
        publisher -> Nullable<Text>,
        software_version -> Nullable<Text>,
        licence_id -> Nullable<Uuid>,
        needs_licence -> Bool,
        installed_on -> Date,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    supplies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        kind -> Text,
        category -> Nullable<Text>,
        location_id -> Nullable<Uuid>,
        supplier_id -> Nullable<Uuid>,
        minimum_quantity -> Int4,
        on_hand -> Int4,
        handed_out -> Int4,
        unit_price -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        note -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    supply_movements (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        supply_id -> Uuid,
        kind -> Text,
        quantity -> Int4,
        employee_id -> Nullable<Uuid>,
        location_id -> Nullable<Uuid>,
        moved_on -> Date,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    system_dependencies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        system_id -> Uuid,
        depends_on_id -> Uuid,
        kind -> Text,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    system_roles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        system_id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        longest_days -> Nullable<Int4>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    systems (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        kind -> Text,
        description -> Nullable<Text>,
        owner_id -> Uuid,
        criticality -> Text,
        data_classification -> Text,
        environment -> Text,
        url -> Nullable<Text>,
        engine -> Nullable<Text>,
        engine_version -> Nullable<Text>,
        size_bytes -> Nullable<Int8>,
        backup_policy_id -> Nullable<Uuid>,
        retired_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    taken_ranges (org_id, prefix_id, first) {
        org_id -> Uuid,
        prefix_id -> Uuid,
        first -> Inet,
        last -> Inet,
    }
}

diesel::table! {
    task_alarms (organization_id, task_id) {
        organization_id -> Uuid,
        task_id -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    task_dependencies (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        task_id -> Uuid,
        predecessor_id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    tasks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        context -> Nullable<Text>,
        priority -> Text,
        due_on -> Date,
        effort_hours -> Nullable<Numeric>,
        assignee_id -> Nullable<Uuid>,
        role_id -> Nullable<Uuid>,
        delegate_id -> Nullable<Uuid>,
        delegation -> Nullable<Text>,
        delegation_note -> Nullable<Text>,
        handover_note -> Nullable<Text>,
        checklist -> Jsonb,
        resource -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        recurring_task_id -> Nullable<Uuid>,
        is_blocked -> Bool,
        is_overdue -> Bool,
        remind_at -> Nullable<Timestamptz>,
        reminded_at -> Nullable<Timestamptz>,
        waiting_for -> Nullable<Text>,
        outcome -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    tax_codes (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        direction -> Text,
        kind -> Text,
        price_includes_tax -> Bool,
        exemption_reason -> Nullable<Text>,
        rates -> Jsonb,
        payable_account_id -> Nullable<Uuid>,
        recoverable_account_id -> Nullable<Uuid>,
        return_box -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    ticket_alarms (organization_id, about_id) {
        organization_id -> Uuid,
        about_id -> Uuid,
        what -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    ticket_deadlines (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        ticket_id -> Uuid,
        target -> Text,
        escalation_rule_id -> Nullable<Uuid>,
        allowed_minutes -> Int4,
        elapsed_seconds -> Int8,
        running_since_at -> Nullable<Timestamptz>,
        warn_at -> Nullable<Timestamptz>,
        due_at -> Nullable<Timestamptz>,
        warned_at -> Nullable<Timestamptz>,
        met_at -> Nullable<Timestamptz>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    ticket_links (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        ticket_id -> Uuid,
        relation -> Text,
        resource -> Text,
        resource_id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    ticket_messages (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        ticket_id -> Uuid,
        visibility -> Text,
        author_id -> Nullable<Uuid>,
        by_requester -> Bool,
        body -> Text,
        written_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    tickets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Text,
        kind -> Text,
        subject -> Text,
        description -> Text,
        impact -> Text,
        urgency -> Text,
        priority -> Text,
        queue_id -> Nullable<Uuid>,
        assignee_id -> Nullable<Uuid>,
        requester_id -> Nullable<Uuid>,
        requester_party_id -> Nullable<Uuid>,
        channel -> Text,
        tags -> Array<Nullable<Text>>,
        watcher_ids -> Array<Nullable<Uuid>>,
        reported_at -> Timestamptz,
        first_answered_at -> Nullable<Timestamptz>,
        first_answer_due_at -> Nullable<Timestamptz>,
        solution_due_at -> Nullable<Timestamptz>,
        solved_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        reopened_count -> Int4,
        merged_into_id -> Nullable<Uuid>,
        satisfaction -> Nullable<Int4>,
        satisfaction_comment -> Nullable<Text>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    timesheet_entries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        timesheet_id -> Uuid,
        employee_id -> Uuid,
        worked_on -> Date,
        hours -> Numeric,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        project_id -> Nullable<Uuid>,
        task -> Nullable<Text>,
        note -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    timesheet_overtime (org_id, timesheet_id, entry_id, multiplier) {
        org_id -> Uuid,
        timesheet_id -> Uuid,
        entry_id -> Uuid,
        multiplier -> Numeric,
        hours -> Numeric,
    }
}

diesel::table! {
    timesheets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        week_starts_on -> Date,
        hours -> Numeric,
        overtime_hours -> Numeric,
        overtime -> Jsonb,
        rejection_reason -> Nullable<Text>,
        submitted_at -> Nullable<Timestamptz>,
        submitted_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    toxic_role_pairs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        system_role_id -> Uuid,
        other_system_role_id -> Uuid,
        reason -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    trusted_issuers (provider_id) {
        provider_id -> Uuid,
        organization_id -> Uuid,
        issuer -> Text,
        audience -> Text,
        subject_claim -> Text,
    }
}

diesel::table! {
    undone_allocations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        debit_item_id -> Uuid,
        credit_item_id -> Uuid,
        debit_amount -> Numeric,
        debit_base_amount -> Numeric,
        credit_amount -> Numeric,
        credit_base_amount -> Numeric,
        allocated_on -> Date,
        undone_on -> Date,
        journal_entry_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    user_organizations (user_id, organization_id) {
        user_id -> Uuid,
        organization_id -> Uuid,
    }
}

diesel::table! {
    vlan_groups (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        site_id -> Nullable<Uuid>,
        description -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    vlans (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        group_id -> Uuid,
        vid -> Int4,
        name -> Text,
        description -> Nullable<Text>,
        design_id -> Nullable<Uuid>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    vulnerabilities (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        title -> Text,
        cve -> Nullable<Text>,
        description -> Nullable<Text>,
        severity -> Text,
        cvss_score -> Nullable<Numeric>,
        system_ids -> Array<Nullable<Uuid>>,
        assignee_id -> Nullable<Uuid>,
        found_on -> Date,
        due_on -> Date,
        resolution -> Nullable<Text>,
        accepted_until_on -> Nullable<Date>,
        resolved_on -> Nullable<Date>,
        status -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    webhook_deliveries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        version -> Int8,
        webhook_endpoint_id -> Uuid,
        event_id -> Uuid,
        event_type -> Text,
        resource -> Text,
        resource_id -> Uuid,
        resource_version -> Int8,
        happened_at -> Timestamptz,
        transaction -> Int8,
        sequence -> Int8,
        status -> Text,
        attempts -> Int4,
        next_attempt_at -> Nullable<Timestamptz>,
        last_attempt_at -> Nullable<Timestamptz>,
        answer_status -> Nullable<Int2>,
        answer -> Nullable<Text>,
        failure -> Nullable<Text>,
        took_ms -> Nullable<Int4>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_endpoint_secrets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        webhook_endpoint_id -> Uuid,
        slot -> Int2,
        secret -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_endpoints (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        url -> Text,
        event_types -> Array<Nullable<Text>>,
        description -> Nullable<Text>,
        status -> Text,
        disabled_because -> Nullable<Text>,
        reads_as -> Nullable<Uuid>,
        secret_changed_at -> Timestamptz,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    work_calendars (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        country -> Nullable<Text>,
        is_default -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    work_schedules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        employee_id -> Uuid,
        starts_on -> Date,
        calendar_id -> Nullable<Uuid>,
        pattern_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    working_pattern_days (org_id, pattern_id, place) {
        org_id -> Uuid,
        pattern_id -> Uuid,
        place -> Int4,
        cycle -> Int4,
        hours -> Numeric,
    }
}

diesel::table! {
    working_patterns (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        code -> Text,
        name -> Text,
        weeks -> Jsonb,
        cycle_starts_on -> Date,
        overtime -> Jsonb,
        is_default -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Uuid>,
    }
}

diesel::joinable!(login_tokens -> logins (user_id));
diesel::joinable!(memberships -> logins (user_id));
diesel::joinable!(number_series -> number_kinds (kind));
diesel::joinable!(recovery_codes -> second_factors (user_id));
diesel::joinable!(second_factors -> logins (user_id));
diesel::joinable!(user_organizations -> logins (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    login_tokens,
    logins,
    memberships,
    recovery_codes,
    second_factors,
    user_organizations,
);
diesel::allow_tables_to_appear_in_same_query!(number_kinds, number_series,);
