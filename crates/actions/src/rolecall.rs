//! Our own actions: what `rolecall` commands ask of a running server. Written by hand; AWS knows none of them.

service! {
    "rolecall"
    keys {
    }
    prefix_keys {
    }
    pattern_keys {
    }
    kinds {
    }
    foreign_kinds {
        crate::ec2::kind::Instance;
    }
    key_sets {
        Keys0 [];
    }
    actions {
        CreateAccount Write Keys0 "*" [] [] [];
        Decide Read Keys0 "*" [] [] [];
        DelegationNotice Read Keys0 "*" [] [] [];
        Exec Write Keys0 [Instance] [] [];
        ListInstances List Keys0 "*" [] [] [];
        OpenMetadata Write Keys0 [Instance] [] [];
        PutPolicyTemplate Write Keys0 "*" [] [] [];
        PutRoleTemplate Write Keys0 "*" [] [] [];
        Reset Write Keys0 "*" [] [] [];
        Why Read Keys0 "*" [] [] [];
    }
}
